//! `!` before a command whose status nobody looks at.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Command;

use super::options::stops_at_errors;
use super::tree::{At, Node, Tree};

pub(super) static RULE: Rule = Rule {
    id: "SC2251",
    aliases: &[],
    level: Level::Info,
    title: "Write `! command || exit 1`, or look at the status",
    why: "`set -e` does not stop at a command with `!` before it: the check is without effect.",
    bad: "FROM debian:12\nSHELL [\"/bin/sh\", \"-e\", \"-c\"]\nRUN set -e; ! grep -q secret /etc/app.conf; make\n",
    good: "FROM debian:12\nRUN set -e; if grep -q secret /etc/app.conf; then exit 1; fi; make\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2251",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        if !stops_at_errors(tree) {
            continue;
        }
        for (at, node) in tree.nodes() {
            let Node::Pipeline(pipeline) = node else { continue };
            if pipeline.negated && !is_looked_at(tree, at) {
                findings.report(
                    tree.text.line,
                    tree.place(pipeline.span),
                    "This ! is not on a condition and skips errexit. Use `&& exit 1` instead, or make sure \
                     $? is checked",
                );
            }
        }
    }
}

/// Whether the status of the pipeline decides something: it is a condition, `&&` or `||` follows,
/// or it is the last command and so the status of all.
fn is_looked_at(tree: &Tree<'_>, at: At) -> bool {
    let mut below = at;
    for (at, node) in tree.ancestors(at) {
        match node {
            Node::AndOr(and_or) => {
                let is_last = and_or.rest.last().is_none_or(|(_, _, last)| {
                    matches!(tree.node(below), Some(Node::Pipeline(one)) if std::ptr::eq(one, last))
                });
                if !is_last {
                    return true;
                }
            }
            Node::List(list) => {
                let is_last = list.items.last().is_none_or(|last| {
                    matches!(tree.node(below), Some(Node::AndOr(one)) if std::ptr::eq(one, last))
                });
                if !is_last {
                    return is_condition(tree, at);
                }
                if is_condition(tree, at) {
                    return true;
                }
            }
            _ => {}
        }
        below = at;
    }
    true
}

fn is_condition(tree: &Tree<'_>, at: At) -> bool {
    let (Some(Node::List(list)), Some((_, Node::Command(command)))) =
        (tree.node(at), tree.parent(at))
    else {
        return false;
    };
    match command {
        Command::If(choice) => {
            choice.arms.iter().any(|arm| std::ptr::eq(&raw const arm.condition, list))
        }
        Command::While(each) => std::ptr::eq(&raw const each.condition, list),
        _ => false,
    }
}

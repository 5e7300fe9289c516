//! `cd` whose failure goes unnoticed.

use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Command;

use super::options::stops_at_errors;
use super::tree::{At, Call, Node, Tree};

pub(super) static RULE: Rule = Rule {
    id: "SC2164",
    aliases: &[],
    level: Level::Warning,
    title: "Stop when `cd` fails",
    why: "When the directory is not there, the commands behind `cd` run where they should not: `cd build; rm -rf *` empties another directory.",
    bad: "FROM debian:12\nRUN cd /opt/app; make\n",
    good: "FROM debian:12\nRUN cd /opt/app && make\n",
    mending: Mending::Safe,
    source: "https://www.shellcheck.net/wiki/SC2164",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        if stops_at_errors(tree) {
            continue;
        }
        for call in tree.calls() {
            let Some(name) = cd_name(tree, call) else { continue };
            let mut arguments = tree.arguments(call).filter(|(_, text)| name != text);
            let goes_back = arguments.next().is_some_and(|(_, text)| {
                text.starts_with('/') && text.len() == 1 || text.split('/').all(|part| part == "..")
            });
            if name != "popd" && goes_back || is_checked(tree, call.at) {
                continue;
            }
            let place = tree.place(call.command.span);
            findings
                .report(
                    tree.text.line,
                    place,
                    format!("Use '{name} ... || exit' in case {name} fails"),
                )
                .safe_fix("stop when it fails", vec![Edit::insert(place.end, " || exit")]);
        }
    }
}

fn cd_name<'a>(tree: &Tree<'a>, call: &Call<'a>) -> Option<&'static str> {
    let known = |name: &str| ["cd", "pushd", "popd"].into_iter().find(|one| *one == name);
    match call.name.as_ref() {
        "command" | "builtin" => tree.arguments(call).next().and_then(|(_, text)| known(&text)),
        name => known(name),
    }
}

/// Whether somebody looks at the exit status of the command.
fn is_checked(tree: &Tree<'_>, at: At) -> bool {
    let mut below = at;
    for (at, node) in tree.ancestors(at) {
        match node {
            Node::AndOr(and_or) if !and_or.rest.is_empty() => {
                let last = and_or.rest.last().is_some_and(|(_, _, pipeline)| {
                    matches!(tree.node(below), Some(Node::Pipeline(one)) if std::ptr::eq(one, pipeline))
                });
                if !last {
                    return true;
                }
            }
            Node::Command(Command::If(choice)) => {
                if let Some(Node::List(list)) = tree.node(below)
                    && choice.arms.iter().any(|arm| std::ptr::eq(&raw const arm.condition, list))
                {
                    return true;
                }
            }
            Node::Command(Command::While(each)) => {
                if let Some(Node::List(list)) = tree.node(below)
                    && std::ptr::eq(&raw const each.condition, list)
                {
                    return true;
                }
            }
            Node::Command(Command::Function(_)) | Node::Part(_) => return false,
            _ => {}
        }
        below = at;
    }
    false
}

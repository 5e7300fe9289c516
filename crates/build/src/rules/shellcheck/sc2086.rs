//! A variable outside of quotes, where its value is split into words and matched against file
//! names.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::{Parameter, ParameterOperator};

use super::splitting::{Fate, fate, is_many, quotes};
use super::tree::{At, Node, Tree};

pub(super) static RULE: Rule = Rule {
    id: "SC2086",
    aliases: &[],
    level: Level::Info,
    title: "Put double quotes around the variable",
    why: "Without quotes the value is split at blanks, and `*` and `?` in it are replaced by file names: one argument becomes several, or others.",
    bad: "FROM debian:12\nRUN cp $SOURCE /opt/app\n",
    good: "FROM debian:12\nRUN cp \"$SOURCE\" /opt/app\n",
    mending: Mending::Unsafe,
    source: "https://www.shellcheck.net/wiki/SC2086",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for (at, parameter) in tree.parameters() {
            if tree.is_single_word(parameter)
                || is_many(tree.source, parameter)
                || matches!(parameter.operator, Some(ParameterOperator::Alternative { .. }))
                || fate(tree, at) != Fate::Split
                || is_null_default(tree, at, parameter)
            {
                continue;
            }
            let place = tree.place(parameter.span);
            findings
                .report(
                    tree.text.line,
                    place,
                    format!(
                        "Double quote `{}` to prevent globbing and word splitting",
                        tree.of(parameter.span)
                    ),
                )
                .unsafe_fix("put it in double quotes", quotes(place));
        }
    }
}

/// Whether it is `: ${x:=y}`, which has a rule of its own.
fn is_null_default(tree: &Tree<'_>, at: At, parameter: &Parameter) -> bool {
    matches!(parameter.operator, Some(ParameterOperator::Assign { .. }))
        && tree.ancestors(at).any(|(_, node)| match node {
            Node::Simple(command) => command.name(tree.source).as_deref() == Some(":"),
            _ => false,
        })
}

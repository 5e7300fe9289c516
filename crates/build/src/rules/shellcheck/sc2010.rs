//! `ls | grep` to pick files.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

use super::splitting::next_program;

pub(super) static RULE: Rule = Rule {
    id: "SC2010",
    aliases: &[],
    level: Level::Warning,
    title: "Use a pattern instead of `ls | grep`",
    why: "`ls` prints names for people: one with a line end becomes two.",
    bad: "FROM debian:12\nRUN ls /opt | grep app\n",
    good: "FROM debian:12\nRUN echo /opt/*app*\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2010",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for call in tree.calls_of(&["ls"]) {
            if next_program(tree, call).is_some_and(|name| name == "grep") {
                findings.report(tree.text.line, tree.place(call.command.span), "Don't use ls | grep. Use a glob or a for loop with a condition to allow non-alphanumeric filenames");
            }
        }
    }
}

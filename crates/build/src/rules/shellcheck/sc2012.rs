//! The output of `ls` read by a program.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

use super::splitting::next_program;

pub(super) static RULE: Rule = Rule {
    id: "SC2012",
    aliases: &[],
    level: Level::Info,
    title: "Use `find` or a pattern instead of `ls`",
    why: "`ls` prints names for people: how it writes unusual ones is not laid down.",
    bad: "FROM debian:12\nRUN ls /opt | head -n 1\n",
    good: "FROM debian:12\nRUN find /opt -maxdepth 1 | head -n 1\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2012",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for call in tree.calls_of(&["ls"]) {
            if next_program(tree, call).is_some_and(|name| name != "grep" && name != "xargs") {
                findings.report(
                    tree.text.line,
                    tree.place(call.command.span),
                    "Use find instead of ls to better handle non-alphanumeric filenames",
                );
            }
        }
    }
}

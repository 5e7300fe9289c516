//! `ls | xargs` to work on files.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

use super::splitting::next_program;

pub(super) static RULE: Rule = Rule {
    id: "SC2011",
    aliases: &[],
    level: Level::Warning,
    title: "Use a pattern or `find … -exec … +` instead of `ls | xargs`",
    why: "`ls` prints names for people, and `xargs` splits at blanks: a file called `a b` becomes two.",
    bad: "FROM debian:12\nRUN ls /opt/*.tmp | xargs rm\n",
    good: "FROM debian:12\nRUN rm -f /opt/*.tmp\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2011",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for call in tree.calls_of(&["ls"]) {
            if next_program(tree, call).is_some_and(|name| name == "xargs") {
                findings.report(tree.text.line, tree.place(call.command.span), "Use 'find .. -print0 | xargs -0 ..' or 'find .. -exec .. +' to allow non-alphanumeric filenames");
            }
        }
    }
}

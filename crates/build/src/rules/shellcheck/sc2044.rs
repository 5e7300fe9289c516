//! A loop over the output of `find`.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

use super::loops::over_output;

pub(super) static RULE: Rule = Rule {
    id: "SC2044",
    aliases: &[],
    level: Level::Warning,
    title: "Use `find … -exec … +` instead of a loop",
    why: "A name with blanks in it becomes several.",
    bad: "FROM debian:12\nRUN for f in $(find /opt -name x); do rm \"$f\"; done\n",
    good: "FROM debian:12\nRUN find /opt -name x -exec rm {} +\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2044",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for span in over_output(tree, &["find"]) {
            findings.report(
                tree.text.line,
                tree.place(span),
                "For loops over find output are fragile. Use find -exec or a while read loop",
            );
        }
    }
}

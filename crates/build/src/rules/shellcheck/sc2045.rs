//! A loop over the output of `ls`.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

use super::loops::over_output;

pub(super) static RULE: Rule = Rule {
    id: "SC2045",
    aliases: &[],
    level: Level::Error,
    title: "Use a pattern instead of `ls`",
    why: "A name with blanks in it becomes several.",
    bad: "FROM debian:12\nRUN for f in $(ls /opt/*.sh); do sh \"$f\"; done\n",
    good: "FROM debian:12\nRUN for f in /opt/*.sh; do sh \"$f\"; done\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2045",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for span in over_output(tree, &["ls"]) {
            findings.report(
                tree.text.line,
                tree.place(span),
                "Iterating over ls output is fragile. Use globs",
            );
        }
    }
}

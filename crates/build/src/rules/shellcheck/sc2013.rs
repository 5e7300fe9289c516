//! A loop over the words of a file.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

use super::loops::over_output;

pub(super) static RULE: Rule = Rule {
    id: "SC2013",
    aliases: &[],
    level: Level::Info,
    title: "Use `while read -r line` to go through the lines of a file",
    why: "The loop runs once for each word, and not for each line.",
    bad: "FROM debian:12\nRUN for line in $(cat /etc/list); do echo \"$line\"; done\n",
    good: "FROM debian:12\nRUN while read -r line; do echo \"$line\"; done < /etc/list\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2013",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for span in over_output(tree, &["cat", "cut", "grep", "tac", "head", "tail"]) {
            findings.report(
                tree.text.line,
                tree.place(span),
                "To read lines rather than words, pipe/redirect to a 'while read' loop",
            );
        }
    }
}

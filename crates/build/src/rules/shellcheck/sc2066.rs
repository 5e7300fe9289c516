//! A loop over one text in quotes.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Part;

use super::loops::sole_words;
use super::splitting::is_many;

pub(super) static RULE: Rule = Rule {
    id: "SC2066",
    aliases: &[],
    level: Level::Error,
    title: "Take the quotes away, or the loop",
    why: "What is in double quotes is one word: the loop runs once.",
    bad: "FROM debian:12\nARG NAMES\nRUN for name in \"$NAMES\"; do echo \"$name\"; done\n",
    good: "FROM debian:12\nARG NAMES\nRUN for name in $NAMES; do echo \"$name\"; done\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2066",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for word in sole_words(tree) {
            let [Part::DoubleQuoted { parts, .. }] = word.parts.as_slice() else { continue };
            let many = parts
                .iter()
                .any(|part| matches!(part, Part::Parameter(one) if is_many(tree.source, one)));
            if word.has_expansion() && !many {
                findings.report(tree.text.line, tree.place(word.span), "Since you double quoted this, it will not word split, and the loop will only run once");
            }
        }
    }
}

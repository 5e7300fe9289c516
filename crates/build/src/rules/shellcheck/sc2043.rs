//! A loop that runs once.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

use super::loops::sole_words;

pub(super) static RULE: Rule = Rule {
    id: "SC2043",
    aliases: &[],
    level: Level::Warning,
    title: "Take the loop away, or give it more than one word",
    why: "A loop over one word runs once. Often a `$` is missing, or a pattern.",
    bad: "FROM debian:12\nRUN for f in /etc/app; do cat \"$f\"; done\n",
    good: "FROM debian:12\nRUN for f in /etc/app /etc/web; do cat \"$f\"; done\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2043",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for word in sole_words(tree) {
            let listed = !word.is_quoted() && tree.of(word.span).contains(',');
            if !word.has_expansion() && !listed {
                findings.report(
                    tree.text.line,
                    tree.place(word.span),
                    "This loop will only ever run once. Bad quoting or missing glob/expansion?",
                );
            }
        }
    }
}

//! A pattern for `tr` outside of quotes.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Part;

use super::splitting::quotes;

pub(super) static RULE: Rule = Rule {
    id: "SC2060",
    aliases: &[],
    level: Level::Warning,
    title: "Put the sets for `tr` in quotes",
    why: "The shell puts the names of files of one letter in its place, before `tr` sees it.",
    bad: "FROM debian:12\nRUN echo A | tr [:upper:] [:lower:]\n",
    good: "FROM debian:12\nRUN echo A | tr '[:upper:]' '[:lower:]'\n",
    mending: Mending::Unsafe,
    source: "https://www.shellcheck.net/wiki/SC2060",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for call in tree.calls_of(&["tr"]) {
            for (word, _) in tree.arguments(call) {
                if word.parts.iter().any(|part| matches!(part, Part::Glob { .. })) {
                    let place = tree.place(word.span);
                    let reported = findings.report(
                        tree.text.line,
                        place,
                        "Quote parameters to tr to prevent glob expansion",
                    );
                    if !word.is_quoted() {
                        reported.unsafe_fix("put it in double quotes", quotes(place));
                    }
                }
            }
        }
    }
}

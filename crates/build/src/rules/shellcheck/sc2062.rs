//! A pattern for `grep` outside of quotes.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Part;

use super::splitting::quotes;

pub(super) static RULE: Rule = Rule {
    id: "SC2062",
    aliases: &[],
    level: Level::Warning,
    title: "Put the pattern for `grep` in quotes",
    why: "The shell puts the names of files in its place, before `grep` sees it.",
    bad: "FROM debian:12\nRUN grep [0-9] /etc/app\n",
    good: "FROM debian:12\nRUN grep '[0-9]' /etc/app\n",
    mending: Mending::Unsafe,
    source: "https://www.shellcheck.net/wiki/SC2062",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for call in tree.calls_of(&["grep"]) {
            let pattern = tree.arguments(call).find(|(_, text)| !text.starts_with('-'));
            if let Some((word, _)) = pattern
                && word.parts.iter().any(|part| matches!(part, Part::Glob { .. }))
            {
                let place = tree.place(word.span);
                let reported = findings.report(
                    tree.text.line,
                    place,
                    "Quote the grep pattern so the shell won't interpret it",
                );
                if !word.is_quoted() {
                    reported.unsafe_fix("put it in double quotes", quotes(place));
                }
            }
        }
    }
}

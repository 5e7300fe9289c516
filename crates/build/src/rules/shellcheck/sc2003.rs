//! `expr` to calculate.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "SC2003",
    aliases: &[],
    level: Level::Style,
    title: "Use `$((…))` instead of `expr`",
    why: "The shell calculates without a further program, and needs no `\\*`.",
    bad: "FROM debian:12\nRUN expr 1 + 2\n",
    good: "FROM debian:12\nRUN echo \"$((1 + 2))\"\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2003",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for call in tree.calls_of(&["expr"]) {
            let asks_text = tree.arguments(call).any(|(_, text)| {
                matches!(
                    text.as_ref(),
                    ":" | "<" | ">" | "<=" | ">=" | "length" | "substr" | "match" | "index"
                )
            });
            let Some(name) = call.command.words.first().filter(|_| !asks_text) else { continue };
            findings.report(
                tree.text.line,
                tree.place(name.span),
                "expr is antiquated. Consider rewriting this using $((..)), ${} or [[ ]]",
            );
        }
    }
}

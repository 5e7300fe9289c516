//! `ps | grep` to find processes.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

use super::splitting::next_program;

pub(super) static RULE: Rule = Rule {
    id: "SC2009",
    aliases: &[],
    level: Level::Info,
    title: "Use `pgrep` instead of `ps | grep`",
    why: "`grep` also finds itself, and words in other columns.",
    bad: "FROM debian:12\nRUN ps aux | grep nginx\n",
    good: "FROM debian:12\nRUN pgrep nginx\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2009",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for call in tree.calls_of(&["ps"]) {
            let named = tree.arguments(call).any(|(_, text)| {
                matches!(text.as_ref(), "p" | "-p" | "--pid") || text.starts_with("-o")
            });
            if !named && next_program(tree, call).is_some_and(|name| name == "grep") {
                findings.report(
                    tree.text.line,
                    tree.place(call.command.span),
                    "Consider using pgrep instead of grepping ps output",
                );
            }
        }
    }
}

//! `expr length` and its kin, which POSIX does not know.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "SC2308",
    aliases: &[],
    level: Level::Info,
    title: "Use `${#x}` and `cut` instead of `expr length` and `expr substr`",
    why: "What `expr` does with such words is not laid down.",
    bad: "FROM debian:12\nRUN expr length abc\n",
    good: "FROM debian:12\nRUN x=abc && echo \"${#x}\"\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2308",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for call in tree.calls_of(&["expr"]) {
            if let Some((word, text)) = tree.arguments(call).next()
                && matches!(text.as_ref(), "length" | "substr" | "match" | "index")
            {
                findings.report(
                    tree.text.line,
                    tree.place(word.span),
                    format!("'expr {text}' has unspecified results"),
                );
            }
        }
    }
}

//! Repeated blanks between words of `echo`.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "SC2291",
    aliases: &[],
    level: Level::Info,
    title: "Put the text in quotes",
    why: "The shell makes one blank of several between words.",
    bad: "FROM debian:12\nRUN echo a    b\n",
    good: "FROM debian:12\nRUN echo \"a    b\"\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2291",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for call in tree.calls_of(&["echo"]) {
            let wide = call.command.words.windows(2).skip(1).any(|pair| match pair {
                [left, right] => {
                    let between = crate::Span::new(left.span.end, right.span.start).of(tree.source);
                    between.len() >= 4 && between.bytes().all(|byte| byte == b' ')
                }
                _ => false,
            });
            if wide && !tree.of(call.command.span).contains('\n') {
                findings.report(
                    tree.text.line,
                    tree.place(call.command.span),
                    "Quote repeated spaces to avoid them collapsing into one",
                );
            }
        }
    }
}

//! A backslash before `n`, `t` or `r` outside of quotes.

use crate::Span;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Part;

use super::splitting::is_outside_quotes;

pub(super) static RULE: Rule = Rule {
    id: "SC1012",
    aliases: &[],
    level: Level::Warning,
    title: "Use `printf` for line ends and tabs",
    why: "Outside of quotes a backslash takes the meaning of the next letter away, so `\\\\n` is the letter n.",
    bad: "FROM debian:12\nRUN echo first\\nsecond\n",
    good: "FROM debian:12\nRUN printf \"first\\nsecond\\n\"\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC1012",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for (at, part) in tree.parts() {
            let Part::Escaped { span, char: char @ ('n' | 't' | 'r') } = part else { continue };
            if is_outside_quotes(tree, at) {
                findings.report(
                    tree.text.line,
                    tree.place(Span::at(span.start.saturating_add(1))),
                    format!("\\{char} is just literal '{char}' here. Use printf"),
                );
            }
        }
    }
}

//! Backticks.

use crate::Span;
use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Part;
use super::unquoted::texts;

pub(super) static RULE: Rule = Rule {
    id: "SC2006",
    aliases: &[],
    level: Level::Style,
    title: "Write `$(…)` instead of backticks",
    why: "Backticks do not nest and give backslashes a meaning of their own.",
    bad: "FROM alpine:3.20\nRUN echo \"`date`\"\n",
    good: "FROM alpine:3.20\nRUN echo \"$(date)\"\n",
    mending: Mending::Safe,
    source: "https://www.shellcheck.net/wiki/SC2006",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for text in texts(context) {
        let source = text.text.text();
        for placed in text.script.simple_commands() {
            let words = placed.command.words.iter().chain(
                placed.command.assignments.iter().filter_map(|one| match &one.value {
                    crate::shell::AssignmentValue::Word(word) => Some(word),
                    _ => None,
                }),
            );
            let mut open: Vec<&Part> = words.flat_map(|word| &word.parts).collect();
            while let Some(part) = open.pop() {
                if let Part::DoubleQuoted { parts, .. } = part {
                    open.extend(parts);
                }
                let Part::CommandSubstitution { span, backticks: true, .. } = part else { continue };
                let place = text.source_span(*span);
                let message =
                    "Use $(...) notation instead of legacy backticks `...`.";
                let reported = findings.report(text.line, place, message);
                if span.of(source).contains('\\') || place.len() < 2 {
                    continue;
                }
                let first = Span::new(place.start, place.start.saturating_add(1));
                let last = Span::new(place.end.saturating_sub(1), place.end);
                reported.safe_fix(
                    "write $(…)",
                    vec![Edit::replace(first, "$("), Edit::replace(last, ")")],
                );
            }
        }
    }
}

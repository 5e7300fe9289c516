//! Backticks instead of `$(…)`.

use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Part;

use super::tree::Node;

pub(super) static RULE: Rule = Rule {
    id: "SC2006",
    aliases: &[],
    level: Level::Style,
    title: "Use `$(…)` instead of backticks",
    why: "Backticks cannot be nested without escapes, and a backslash in them means something else than outside.",
    bad: "FROM debian:12\nRUN echo \"built on `date`\" > /etc/built\n",
    good: "FROM debian:12\nRUN echo \"built on $(date)\" > /etc/built\n",
    mending: Mending::Safe,
    source: "https://www.shellcheck.net/wiki/SC2006",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for (at, part) in tree.parts() {
            let Part::CommandSubstitution { span, script, backticks: true } = part else {
                continue;
            };
            if script.items.is_empty() && span.len() <= 2 {
                continue;
            }
            let place = tree.place(*span);
            let reported = findings.report(
                tree.text.line,
                place,
                "Use $(...) notation instead of legacy backticks `...`",
            );
            let within_others = tree.ancestors(at).any(|(_, node)| {
                matches!(node, Node::Part(Part::CommandSubstitution { backticks: true, .. }))
            });
            if !tree.of(*span).contains('\\') && span.len() >= 2 && !within_others {
                let first = crate::Span::new(place.start, place.start.saturating_add(1));
                let last = crate::Span::new(place.end.saturating_sub(1), place.end);
                reported.safe_fix(
                    "write $(...)",
                    vec![Edit::replace(first, "$("), Edit::replace(last, ")")],
                );
            }
        }
    }
}

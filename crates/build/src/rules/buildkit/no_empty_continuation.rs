//! Empty lines within an instruction.

use crate::Span;
use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "NoEmptyContinuation",
    aliases: &[],
    level: Level::Style,
    title: "Leave no empty line within an instruction",
    why: "A later builder will end the instruction there.",
    bad: "FROM alpine:3.20\nRUN a \\\n\n    b\n",
    good: "FROM alpine:3.20\nRUN a \\\n    b\n",
    mending: Mending::Safe,
    source: "https://docs.docker.com/reference/build-checks/no-empty-continuation/",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for instruction in &context.file.instructions {
        for line in &instruction.empty_continuations {
            let start = context.file.source.line_start(*line);
            let end = context.file.source.line_start(line.saturating_add(1));
            let whole = Span::new(start, end);
            findings
                .report(instruction.lines.0, whole, "Empty continuation line")
                .safe_fix("take the line out", vec![Edit::remove(whole)]);
        }
    }
}

//! What the builder would refuse.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "DL1000",
    aliases: &[],
    level: Level::Error,
    title: "Write what the builder can read",
    why: "The builder stops at what it cannot read, and nothing is built.",
    bad: "FROM alpine:3.20\nRUNN apk add curl\n",
    good: "FROM alpine:3.20\nRUN apk add --no-cache curl=8.9.1-r2\n",
    mending: Mending::None,
    source: "https://docs.docker.com/reference/dockerfile/",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for problem in &context.file.problems {
        findings.report(problem.line, problem.span, problem.kind.to_string());
    }
}

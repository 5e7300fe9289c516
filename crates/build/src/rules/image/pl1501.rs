//! Credentials in the file.

use super::tokens::tokens;
use crate::Span;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "PL1501",
    aliases: &["DS-0031", "AVD-DS-0031", "DS031", "CIS-4.10", "CIS-DI-0010"],
    level: Level::Error,
    title: "Write no credential into a Dockerfile",
    why: "Whoever has the file, the image or its history has the credential: take it back where it \
          was given out. It is known by its form, whatever the variable is called. Give credentials \
          to a build with `RUN --mount=type=secret`, and to a container when it starts.",
    bad: "FROM debian:12\nENV AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n",
    good: "FROM debian:12\nRUN --mount=type=secret,id=aws,target=/root/.aws/credentials aws s3 cp s3://bucket/file .\n",
    mending: Mending::None,
    source: "https://docs.docker.com/build/building/secrets/",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for instruction in &context.file.instructions {
        let text = context.file.source.slice(instruction.span);
        for token in tokens(text) {
            let start = instruction.span.start;
            let place = Span::new(
                start.saturating_add(token.span.start),
                start.saturating_add(token.span.end),
            );
            // The message is copied into reports: the value must not be in it.
            let message =
                format!("this is {}: whoever has the file or the image has it", token.kind);
            findings.report(instruction.lines.0, place, message);
        }
    }
}

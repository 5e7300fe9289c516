//! `FROM --platform` with a fixed platform.

use crate::Span;
use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::{Flag, Instruction, Keyword};

pub(super) static RULE: Rule = Rule {
    id: "DL3029",
    aliases: &["FromPlatformFlagConstDisallowed"],
    level: Level::Warning,
    title: "Leave the platform to the build's caller",
    why: "A fixed platform makes an image that runs slowly or not at all elsewhere, and \
          `docker build --platform` has no effect on the stage.",
    bad: "FROM --platform=linux/amd64 alpine:3.20\n",
    good: "FROM alpine:3.20\n",
    mending: Mending::Unsafe,
    source: "https://github.com/hadolint/hadolint/wiki/DL3029",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for instruction in &context.file.instructions {
        let Some(flag) =
            instruction.flag("platform").filter(|_| instruction.keyword == Keyword::From)
        else {
            continue;
        };
        let value = flag.value().unwrap_or_default();
        if value.is_empty() || value.contains("BUILDPLATFORM") || value.contains("TARGETPLATFORM") {
            continue;
        }
        let message = format!("Do not use --platform flag with FROM: {value}");
        let edits = without_flag(instruction, flag);
        findings
            .report(instruction.lines.0, flag.span, message)
            .unsafe_fix("take --platform out", edits);
    }
}

/// Takes a flag and the blanks behind it out.
pub(super) fn without_flag(instruction: &Instruction, flag: &Flag) -> Vec<Edit> {
    let next = instruction.flags.iter().map(|one| one.span.start).find(|at| *at > flag.span.start);
    let next = next.unwrap_or(instruction.arguments_span.start);
    vec![Edit::remove(Span::new(flag.span.start, next))]
}

//! `FROM --platform=$TARGETPLATFORM`.

use super::dl3029::without_flag;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "DL3065",
    aliases: &["RedundantTargetPlatform"],
    level: Level::Warning,
    title: "Leave out --platform=$TARGETPLATFORM",
    why: "It is the platform that the builder takes anyway, so the flag says nothing.",
    bad: "FROM --platform=$TARGETPLATFORM alpine:3.20\n",
    good: "FROM alpine:3.20\n",
    mending: Mending::Safe,
    source: "https://github.com/hadolint/hadolint/wiki/DL3065",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for instruction in &context.file.instructions {
        let Some(flag) =
            instruction.flag("platform").filter(|_| instruction.keyword == Keyword::From)
        else {
            continue;
        };
        if matches!(flag.value(), Some("$TARGETPLATFORM" | "${TARGETPLATFORM}")) {
            findings
                .report(
                    instruction.lines.0,
                    flag.span,
                    "Setting `FROM --platform` to predefined `$TARGETPLATFORM` is redundant as \
                     this is the default behavior",
                )
                .safe_fix("take --platform out", without_flag(instruction, flag));
        }
    }
}

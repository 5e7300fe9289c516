//! More than one `ENTRYPOINT` in a stage.

use super::lines::report_repeated;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "DL4004",
    aliases: &["DS-0007", "AVD-DS-0007", "DS007", "MultipleInstructionsDisallowed"],
    level: Level::Error,
    title: "Write one ENTRYPOINT for each stage",
    why: "Only the last ENTRYPOINT of a stage has an effect; one that stands before it \
          misleads who reads the file.",
    bad: "FROM alpine:3.20\nENTRYPOINT [\"one\"]\nENTRYPOINT [\"two\"]\n",
    good: "FROM alpine:3.20\nENTRYPOINT [\"two\"]\n",
    mending: Mending::Safe,
    source: "https://github.com/hadolint/hadolint/wiki/DL4004",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    report_repeated(
        context,
        findings,
        Keyword::Entrypoint,
        "Multiple `ENTRYPOINT` instructions found: only the last one of a stage takes effect",
    );
}

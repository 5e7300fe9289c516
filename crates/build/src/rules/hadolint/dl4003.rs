//! More than one `CMD` in a stage.

use super::lines::report_repeated;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "DL4003",
    aliases: &["DS-0016", "AVD-DS-0016", "DS016", "MultipleInstructionsDisallowed"],
    level: Level::Warning,
    title: "Write one CMD for each stage",
    why: "Only the last CMD of a stage has an effect; one that stands before it misleads who \
          reads the file.",
    bad: "FROM alpine:3.20\nCMD [\"one\"]\nCMD [\"two\"]\n",
    good: "FROM alpine:3.20\nCMD [\"two\"]\n",
    mending: Mending::Safe,
    source: "https://github.com/hadolint/hadolint/wiki/DL4003",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    report_repeated(
        context,
        findings,
        Keyword::Cmd,
        "Multiple `CMD` instructions found: only the last one of a stage takes effect",
    );
}

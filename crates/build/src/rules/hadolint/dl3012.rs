//! More than one `HEALTHCHECK` in a stage.

use super::lines::report_repeated;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "DL3012",
    aliases: &["DS-0023", "AVD-DS-0023", "DS023", "MultipleInstructionsDisallowed"],
    level: Level::Error,
    title: "Write one HEALTHCHECK for each stage",
    why: "Only the last HEALTHCHECK of a stage has an effect; one that stands before it \
          misleads who reads the file.",
    bad: "FROM alpine:3.20\nHEALTHCHECK CMD [\"one\"]\nHEALTHCHECK CMD [\"two\"]\n",
    good: "FROM alpine:3.20\nHEALTHCHECK CMD [\"two\"]\n",
    mending: Mending::Safe,
    source: "https://github.com/hadolint/hadolint/wiki/DL3012",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    report_repeated(
        context,
        findings,
        Keyword::Healthcheck,
        "Multiple `HEALTHCHECK` instructions found: only the last one of a stage takes effect",
    );
}

//! Labels whose value should be a semantic version.

use super::label_value::is_semver;
use super::labels::report_wrong;
use crate::config::LabelKind;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "DL3056",
    aliases: &[],
    level: Level::Warning,
    title: "Give a label that is declared `semver` such a value",
    why: "Tools read the value; the configuration says that it is a semantic version. For a \
          value with a variable, declare the label as `text`.",
    bad: "FROM alpine:3.20\nLABEL version=1.0\n",
    good: "FROM alpine:3.20\nLABEL version=1.0.0\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3056",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let problem = "does not conform to semantic versioning";
    report_wrong(context, findings, LabelKind::Semver, is_semver, problem);
}

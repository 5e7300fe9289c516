//! Labels whose value should be a time, as of RFC 3339.

use super::label_value::is_time;
use super::labels::report_wrong;
use crate::config::LabelKind;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "DL3053",
    aliases: &[],
    level: Level::Warning,
    title: "Give a label that is declared `rfc3339` such a value",
    why: "Tools read the value; the configuration says that it is a time, as of RFC 3339. For \
          a value with a variable, declare the label as `text`.",
    bad: "FROM alpine:3.20\nLABEL created=yesterday\n",
    good: "FROM alpine:3.20\nLABEL created=2027-01-31T10:00:00Z\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3053",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let problem = "is not a valid time format - must conform to RFC3339";
    report_wrong(context, findings, LabelKind::Rfc3339, is_time, problem);
}

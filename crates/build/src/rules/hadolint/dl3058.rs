//! Labels whose value should be an e-mail address, as of RFC 5322.

use super::label_value::is_email;
use super::labels::report_wrong;
use crate::config::LabelKind;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "DL3058",
    aliases: &[],
    level: Level::Warning,
    title: "Give a label that is declared `email` such a value",
    why: "Tools read the value; the configuration says that it is an e-mail address, as of RFC \
          5322. For a value with a variable, declare the label as `text`.",
    bad: "FROM alpine:3.20\nLABEL mail=me\n",
    good: "FROM alpine:3.20\nLABEL mail=me@example.com\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3058",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let problem = "is not a valid email format - must conform to RFC5322";
    report_wrong(context, findings, LabelKind::Email, is_email, problem);
}

//! Labels whose value should be a URL, as of RFC 3986.

use super::label_value::is_url;
use super::labels::report_wrong;
use crate::config::LabelKind;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "DL3052",
    aliases: &[],
    level: Level::Warning,
    title: "Give a label that is declared `url` such a value",
    why: "Tools read the value; the configuration says that it is a URL, as of RFC 3986. For a \
          value with a variable, declare the label as `text`.",
    bad: "FROM alpine:3.20\nLABEL url=somewhere\n",
    good: "FROM alpine:3.20\nLABEL url=https://example.com\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3052",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let problem = "is not a valid URL";
    report_wrong(context, findings, LabelKind::Url, is_url, problem);
}

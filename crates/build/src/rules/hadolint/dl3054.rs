//! Labels whose value should be an SPDX licence identifier, or an expression of them.

use super::label_value::is_licence;
use super::labels::report_wrong;
use crate::config::LabelKind;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "DL3054",
    aliases: &[],
    level: Level::Warning,
    title: "Give a label that is declared `spdx` such a value",
    why: "Tools read the value; the configuration says that it is an SPDX licence identifier, \
          or an expression of them. For a value with a variable, declare the label as `text`.",
    bad: "FROM alpine:3.20\nLABEL licenses=free\n",
    good: "FROM alpine:3.20\nLABEL licenses=MIT\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3054",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let problem = "is not a valid SPDX identifier";
    report_wrong(context, findings, LabelKind::Spdx, is_licence, problem);
}

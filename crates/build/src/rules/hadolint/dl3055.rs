//! Labels whose value should be a git hash, short or long.

use super::label_value::is_hash;
use super::labels::report_wrong;
use crate::config::LabelKind;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "DL3055",
    aliases: &[],
    level: Level::Warning,
    title: "Give a label that is declared `hash` such a value",
    why: "Tools read the value; the configuration says that it is a git hash, short or long. \
          For a value with a variable, declare the label as `text`.",
    bad: "FROM alpine:3.20\nLABEL revision=main\n",
    good: "FROM alpine:3.20\nLABEL revision=2dbfae9\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3055",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let problem = "is not a valid git hash";
    report_wrong(context, findings, LabelKind::Hash, is_hash, problem);
}

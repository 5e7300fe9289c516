//! Labels without a value.

use super::labels::labels;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "DL3051",
    aliases: &[],
    level: Level::Warning,
    title: "Give each label a value",
    why: "A label that is asked for says nothing when it is empty.",
    bad: "FROM alpine:3.20\nLABEL name=\"\"\n",
    good: "FROM alpine:3.20\nLABEL name=app\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3051",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for label in labels(context) {
        if label.value.is_empty() && context.config.label_schema.contains_key(label.name) {
            let message = format!("label `{}` is empty", label.name);
            findings.report(label.line, label.pair.key.span, message);
        }
    }
}

//! Labels that the project does not know.

use super::labels::labels;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "DL3050",
    aliases: &[],
    level: Level::Info,
    title: "Use no labels but those that the project knows",
    why: "With `strict-labels` the configuration says all labels that there may be; another \
          one is a mistyped one.",
    bad: "FROM alpine:3.20\nLABEL nmae=app\n",
    good: "FROM alpine:3.20\nLABEL name=app\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3050",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    if !context.config.strict_labels {
        return;
    }
    for label in labels(context) {
        if !context.config.label_schema.contains_key(label.name) {
            let message = format!("Superfluous label(s) present: {}", label.name);
            findings.report(label.line, label.pair.key.span, message);
        }
    }
}

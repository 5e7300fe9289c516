//! The labels of a file, and those of a kind that the configuration declares.

use super::quotes::bare;
use crate::config::LabelKind;
use crate::context::Context;
use crate::rule::Findings;
use crate::syntax::{Keyword, Pair};

/// A label.
pub(super) struct Label<'a> {
    /// Its name, without quotes.
    pub(super) name: &'a str,
    /// Its value, without quotes.
    pub(super) value: &'a str,
    /// Where it stands.
    pub(super) pair: &'a Pair,
    /// The first line of its instruction.
    pub(super) line: u32,
}

/// All labels that an image of the file has itself, in order.
pub(super) fn labels<'a>(context: &Context<'a>) -> impl Iterator<Item = Label<'a>> {
    context.steps_of(Keyword::Label).filter(|step| !step.onbuild).flat_map(|step| {
        let pairs = step.instruction.arguments.pairs().iter();
        pairs.map(move |pair| Label {
            name: bare(&pair.key.text),
            value: bare(&pair.value.text),
            pair,
            line: step.line,
        })
    })
}

/// Reports the labels that are declared to be of a kind and are not.
pub(super) fn report_wrong(
    context: &Context<'_>,
    findings: &mut Findings<'_>,
    kind: LabelKind,
    is_valid: fn(&str) -> bool,
    problem: &str,
) {
    let schema = &context.config.label_schema;
    if !schema.values().any(|known| *known == kind) {
        return;
    }
    for label in labels(context) {
        if schema.get(label.name) == Some(&kind) && !is_valid(label.value) {
            let message = format!("Label `{}` {problem}: {}", label.name, label.value);
            findings.report(label.line, label.pair.value.span, message);
        }
    }
}

//! A stage that copies from itself.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "DL3023",
    aliases: &["DS-0006", "AVD-DS-0006", "DS006"],
    level: Level::Error,
    title: "Copy from another stage than the one that is being built",
    why: "A stage cannot be read while it is built; the builder stops.",
    bad: "FROM golang:1.24 AS build\nCOPY --from=build /app /app\n",
    good: "FROM golang:1.24 AS build\nFROM alpine:3.20\nCOPY --from=build /app /app\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3023",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for step in context.steps_of(Keyword::Copy).filter(|step| !step.onbuild) {
        let Some(flag) = step.instruction.flag("from") else { continue };
        let stage = step.stage.and_then(|stage| context.stages.get(stage));
        let (Some(name), Some(stage)) = (flag.value(), stage) else { continue };
        if stage.is_called(name) && !shadowed(context, stage.index, name) {
            let message = format!("`COPY --from` cannot reference its own `FROM` alias: {name}");
            findings.report(step.line, flag.span, message);
        }
    }
}

/// Whether an earlier stage has a number's text for its name.
fn shadowed(context: &Context<'_>, index: usize, name: &str) -> bool {
    let earlier = context.stages.get(..index).unwrap_or_default();
    name.parse() == Ok(index)
        && earlier.iter().any(|one| one.name.as_ref().is_some_and(|own| own.text == name))
}

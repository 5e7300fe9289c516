//! `COPY --from` of a stage that is not there.

use super::quotes::bare;
use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "DL3022",
    aliases: &[],
    level: Level::Warning,
    title: "Copy from a stage that the file defines before, or from an image with a tag",
    why: "A name that no earlier stage has is taken for an image, and the builder tries to \
          pull it.",
    bad: "FROM alpine:3.20\nCOPY --from=build /app /app\n",
    good: "FROM golang:1.24 AS build\nFROM alpine:3.20\nCOPY --from=build /app /app\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3022",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for step in context.steps_of(Keyword::Copy).filter(|step| !step.onbuild) {
        let Some(flag) = step.instruction.flag("from") else { continue };
        let Some(written) = from_value(context, flag) else { continue };
        let count = step.stage.map_or(0, |stage| stage.saturating_add(1));
        let known = context.stages.get(..count).unwrap_or_default();
        let named =
            |stage: &&crate::Stage| stage.name.as_ref().is_some_and(|name| name.text == written);
        if written.contains(':')
            || known.iter().any(|stage| named(&stage))
            || written.parse::<usize>().is_ok_and(|number| number < count)
        {
            continue;
        }
        let other = known.iter().rev().find_map(|stage| {
            stage.name.as_ref().filter(|name| name.text.eq_ignore_ascii_case(bare(&written)))
        });
        let why = match (other, context.stages.iter().find(named)) {
            (Some(name), _) => format!("it is written `{}` there", name.text),
            (None, Some(_)) => "that stage comes later".to_owned(),
            (None, None) => "no stage has that name".to_owned(),
        };
        let message = format!(
            "`COPY --from` should reference a previously defined `FROM` alias: {written}: {why}"
        );
        let reported = findings.report(step.line, flag.span, message);
        if let Some(name) = other {
            reported.safe_fix(
                format!("write {}", name.text),
                vec![Edit::replace(flag.span, format!("--from={}", name.text))],
            );
        }
    }
}

/// The value with its quotes, which the builder takes off.
fn from_value(context: &Context<'_>, flag: &crate::syntax::Flag) -> Option<String> {
    let written = context.file.source.slice(flag.span);
    let value = written.split_once('=').map(|(_, value)| value.to_owned());
    value.or_else(|| flag.value().map(str::to_owned))
}

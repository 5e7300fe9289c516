//! `FROM` and `as` in different case.

use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "FromAsCasing",
    aliases: &[],
    level: Level::Style,
    title: "Write FROM and AS in the same case",
    why: "Keywords in one case are read as keywords.",
    bad: "FROM alpine:3.20 as build\n",
    good: "FROM alpine:3.20 AS build\n",
    mending: Mending::Safe,
    source: "https://docs.docker.com/reference/build-checks/from-as-casing/",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for step in context.steps_of(Keyword::From) {
        let Some(word) = step.instruction.arguments.words().get(1) else { continue };
        let name = &step.instruction.name.text;
        let upper = |text: &str| !text.chars().any(char::is_lowercase);
        let lower = |text: &str| !text.chars().any(char::is_uppercase);
        let same = upper(name) && upper(&word.text) || lower(name) && lower(&word.text);
        if same || !word.text.eq_ignore_ascii_case("as") || !upper(name) && !lower(name) {
            continue;
        }
        let text = if upper(name) { "AS" } else { "as" };
        let message = format!("'{}' and '{name}' keywords' casing do not match", word.text);
        findings
            .report(step.line, word.span, message)
            .safe_fix("write it in the same case", vec![Edit::replace(word.span, text)]);
    }
}

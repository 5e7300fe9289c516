//! `ENV name value`.

use crate::Span;
use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "LegacyKeyValueFormat",
    aliases: &[],
    level: Level::Style,
    title: "Write ENV and LABEL with `=`",
    why: "The old form takes the rest of the line, comments and all, as one value; with `=` a value has an end.",
    bad: "FROM alpine:3.20\nENV NAME some value\n",
    good: "FROM alpine:3.20\nENV NAME=\"some value\"\n",
    mending: Mending::Safe,
    source: "https://docs.docker.com/reference/build-checks/legacy-key-value-format/",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for step in context.steps() {
        for pair in step.instruction.arguments.pairs().iter().filter(|pair| !pair.equals) {
            let keyword = step.instruction.keyword;
            let message = format!(
                "\"{keyword} key=value\" should be used instead of legacy \"{keyword} key value\" \
                 format"
            );
            let reported = findings.report(step.line, pair.key.span, message);
            let value = context.file.source.slice(pair.value.span);
            let odd = |one: char| one.is_control() || matches!(one, '"' | '\'' | '\\' | '`');
            if value.is_empty() || value.contains(odd) {
                continue;
            }
            let plain = !value.contains(char::is_whitespace);
            let text = if plain { format!("={value}") } else { format!("=\"{value}\"") };
            let place = Span::new(pair.key.span.end, pair.value.span.end);
            reported.safe_fix("write it with `=`", vec![Edit::replace(place, text)]);
        }
    }
}

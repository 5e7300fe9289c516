//! A variable outside of quotes.

use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::shell::{Part, ParameterOperator};
use super::unquoted::{harmless, parts, texts};

pub(super) static RULE: Rule = Rule {
    id: "SC2086",
    aliases: &[],
    level: Level::Info,
    title: "Quote variables",
    why: "The shell splits what is in the variable at blanks and takes `*` for file names. Within quotes it stays one word.",
    bad: "FROM alpine:3.20\nRUN NAME=$(cat /name) && echo $NAME\n",
    good: "FROM alpine:3.20\nRUN NAME=$(cat /name) && echo \"$NAME\"\n",
    mending: Mending::Unsafe,
    source: "https://www.shellcheck.net/wiki/SC2086",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for text in texts(context) {
        let source = text.text.text();
        let harmless = harmless(text);
        let scope = context.scopes.at(text.stage, text.instruction);
        for placed in text.script.simple_commands() {
            for part in parts(placed.command, source) {
                let Part::Parameter(parameter) = part else { continue };
                let name = parameter.name.as_str();
                let number = parameter.length || matches!(name, "#" | "?" | "$" | "!" | "-" | "@" | "*");
                let other = matches!(parameter.operator, Some(ParameterOperator::Alternative { .. }));
                if number || other || name.is_empty() || harmless.contains(name) || scope.definition(name).is_some() {
                    continue;
                }
                let place = text.source_span(parameter.span);
                let quoted = format!("\"{}\"", context.file.source.slice(place));
                let reported = findings.report(
                    text.line,
                    place,
                    "Double quote to prevent globbing and word splitting.",
                );
                if !quoted.contains(['\n', '\\']) && !quoted.trim_matches('"').contains('"') {
                    reported.unsafe_fix("quote it", vec![Edit::replace(place, quoted)]);
                }
            }
        }
    }
}

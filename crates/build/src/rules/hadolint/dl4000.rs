//! `MAINTAINER`.

use super::lines::has_comments_within;
use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "DL4000",
    aliases: &["DS-0022", "AVD-DS-0022", "DS022", "MaintainerDeprecated"],
    level: Level::Error,
    title: "Say who maintains an image in a label",
    why: "MAINTAINER is deprecated since 2017. A label can be read by tools, and there can be \
          more than one.",
    bad: "FROM alpine:3.20\nMAINTAINER me@example.com\n",
    good: "FROM alpine:3.20\nLABEL org.opencontainers.image.authors=\"me@example.com\"\n",
    mending: Mending::Safe,
    source: "https://github.com/hadolint/hadolint/wiki/DL4000",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for step in context.steps_of(Keyword::Maintainer).filter(|step| !step.onbuild) {
        let instruction = step.instruction;
        let reported = findings.report(
            step.line,
            instruction.name.span,
            "MAINTAINER is deprecated: use a LABEL",
        );
        let Some(author) = instruction.arguments.text() else { continue };
        if step.stage.is_none() || has_comments_within(context.file, instruction) {
            continue;
        }
        let label = if instruction.name.text.starts_with('m') { "label" } else { "LABEL" };
        let value = quoted(&author.text, context.file.escape);
        reported.safe_fix(
            "use the label org.opencontainers.image.authors",
            vec![Edit::replace(
                instruction.span,
                format!("{label} org.opencontainers.image.authors={value}"),
            )],
        );
    }
}

/// The text as a value of LABEL that is expanded to the same text; quotes around it are meant to
/// be no part of it.
fn quoted(text: &str, escape: char) -> String {
    let inner = ['"', '\''].iter().find_map(|quote| {
        text.strip_prefix(*quote)?.strip_suffix(*quote).filter(|inner| !inner.contains(*quote))
    });
    let mut value = String::from("\"");
    for character in inner.unwrap_or(text).chars() {
        if matches!(character, '"' | '$') || character == escape {
            value.push(escape);
        }
        value.push(character);
    }
    value.push('"');
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_author_keeps_quotes_and_dollars() {
        assert_eq!(quoted("\"Me <a@b>\"", '\\'), "\"Me <a@b>\"");
        assert_eq!(quoted("a \"b\" $c", '\\'), "\"a \\\"b\\\" \\$c\"");
    }
}

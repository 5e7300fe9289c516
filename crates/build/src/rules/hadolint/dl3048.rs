//! Keys of labels.

use super::quotes::{bare, inner_span};
use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "DL3048",
    aliases: &[],
    level: Level::Style,
    title: "Write label keys in lower case, with dots and dashes between words",
    why: "Tools look labels up by their key; Docker's guide asks for lower-case letters and \
          digits, single dots and dashes between them, and keeps a few prefixes to itself.",
    bad: "FROM alpine:3.20\nLABEL My.Label=x\n",
    good: "FROM alpine:3.20\nLABEL my.label=x\n",
    mending: Mending::Unsafe,
    source: "https://github.com/hadolint/hadolint/wiki/DL3048",
    check,
};

const RESERVED: [&str; 3] = ["com.docker.", "io.docker.", "org.dockerproject."];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for step in context.steps_of(Keyword::Label).filter(|step| !step.onbuild) {
        for pair in step.instruction.arguments.pairs() {
            let key = bare(&pair.key.text);
            let reserved = RESERVED.iter().find(|prefix| key.starts_with(**prefix));
            if is_valid(key) && reserved.is_none() {
                continue;
            }
            let why = match reserved {
                Some(prefix) => format!("`{key}`: the prefix {prefix} is Docker's own"),
                None => format!("`{key}`"),
            };
            let message = format!("Invalid label key: {why}");
            let reported = findings.report(step.line, pair.key.span, message);
            let better = valid(key);
            let taken = step.instruction.arguments.pairs().iter();
            let taken = taken.filter(|one| bare(&one.key.text) == better).count() > 0;
            let span = inner_span(context.file.source.text(), &pair.key);
            if let Some(span) = span.filter(|_| reserved.is_none() && is_valid(&better) && !taken) {
                let edits = vec![Edit::replace(span, better.clone())];
                reported.unsafe_fix(format!("rename it {better}"), edits);
            }
        }
    }
}

fn is_valid(key: &str) -> bool {
    let part = |byte: u8| {
        byte.is_ascii_lowercase()
            || byte.is_ascii_digit()
            || matches!(byte, b'.' | b'-' | b'_' | b'/')
    };
    key.starts_with(|first: char| first.is_ascii_lowercase())
        && key.ends_with(|last: char| last.is_ascii_lowercase() || last.is_ascii_digit())
        && key.bytes().all(part)
        && !key.contains("..")
        && !key.contains("--")
}

/// The nearest key that is valid, if there is one.
fn valid(key: &str) -> String {
    if key.contains('$') {
        return String::new();
    }
    let mut better = String::new();
    for character in key.chars() {
        let character = match character.to_ascii_lowercase() {
            one if one.is_ascii_alphanumeric() || matches!(one, '.' | '_' | '/') => one,
            _ => '-',
        };
        let doubled = matches!(character, '.' | '-') && better.ends_with(character);
        if !doubled {
            better.push(character);
        }
    }
    let start = |one: char| !one.is_ascii_lowercase();
    let end = |one: char| !one.is_ascii_alphanumeric();
    better.trim_start_matches(start).trim_end_matches(end).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_valid() {
        assert_eq!(valid("Build  Date."), "build-date");
        assert!(is_valid("a.b-c_d/e1") && !is_valid("a..b") && !is_valid("1a") && !is_valid("a-"));
        assert_eq!(valid("${x}"), "");
    }
}

//! Variables that are named like secrets.

use super::quotes::bare;
use crate::Span;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "DL3064",
    aliases: &[
        "DS-0031",
        "AVD-DS-0031",
        "DS031",
        "CIS-4.10",
        "CIS-DI-0010",
        "SecretsUsedInArgOrEnv",
    ],
    level: Level::Warning,
    title: "Give secrets to a build as secret mounts",
    why: "A value of ARG or ENV can be read in the image and its history by everyone who has \
          the image. A file that `RUN --mount=type=secret` shows to one command is not kept. \
          The rule knows a variable by its name only.",
    bad: "FROM alpine:3.20\nENV DB_PASSWORD=hunter2\n",
    good: "FROM alpine:3.20\nRUN --mount=type=secret,id=db_password cat /run/secrets/db_password\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3064",
    check,
};

/// What the names of such variables contain.
const PARTS: [&str; 8] = [
    "PASSWORD",
    "TOKEN",
    "SECRET",
    "API_KEY",
    "PRIVATE_KEY",
    "PRIVATEKEY",
    "USERNAME",
    "AWS_ACCESS_KEY_ID",
];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for step in context.steps() {
        let instruction = step.instruction;
        match instruction.keyword {
            Keyword::Arg => {
                for word in instruction.arguments.words() {
                    let (name, value) = word.text.split_once('=').unwrap_or((&word.text, ""));
                    let given =
                        if value.is_empty() { "comes from the caller" } else { "is written here" };
                    report(findings, step.line, name, given, word.span);
                }
            }
            Keyword::Env => {
                for pair in instruction.arguments.pairs() {
                    let value = bare(&pair.value.text);
                    let given = match value {
                        "" => "is empty here",
                        value if value.contains('$') => "comes from a variable",
                        _ => "is written here",
                    };
                    report(findings, step.line, bare(&pair.key.text), given, pair.key.span);
                }
            }
            _ => {}
        }
    }
}

fn report(findings: &mut Findings<'_>, line: u32, name: &str, given: &str, span: Span) {
    if let Some(part) = secret_part(name) {
        let message = format!(
            "Potentially sensitive data should not be used in the `ARG` or `ENV` commands: \
             `{name}` is named like a secret ({part}); its value {given}"
        );
        findings.report(line, span, message);
    }
}

/// What in the name of a variable says that it holds a secret.
fn secret_part(name: &str) -> Option<&'static str> {
    let upper = name.to_ascii_uppercase();
    let is_part = |part: &&str| match *part {
        "AWS_ACCESS_KEY_ID" => upper == *part,
        part => upper.contains(part),
    };
    PARTS.iter().find(|part| is_part(part)).copied()
}

/// Whether this rule takes a variable for a secret.
pub(in crate::rules) fn names_a_secret(name: &str) -> bool {
    secret_part(name).is_some()
}

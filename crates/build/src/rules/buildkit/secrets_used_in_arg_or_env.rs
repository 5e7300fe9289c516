//! Variables that are named like secrets, as the builder knows them.

use crate::context::Context;
use crate::finding::Level;
use crate::lint::level;
use crate::rule::{Findings, Mending, Rule};
use crate::rules::hadolint::names_a_secret;
use crate::rules::named;
use crate::syntax::{Expander, Keyword};

pub(super) static RULE: Rule = Rule {
    id: "SecretsUsedInArgOrEnv",
    aliases: &[],
    level: Level::Warning,
    title: "Keep secrets out of ARG and ENV",
    why: "A value of ARG or ENV can be read in the image and its history by everyone who has the \
          image. The builder knows such a variable by a word of its name: key, token, auth, \
          passwd and the like, unless public, file or version is another. What DL3064 finds is \
          not found twice.",
    bad: "FROM alpine:3.20\nARG DEPLOY_AUTH\n",
    good: "FROM alpine:3.20\nRUN --mount=type=secret,id=deploy_auth cat /run/secrets/deploy_auth\n",
    mending: Mending::None,
    source: "https://docs.docker.com/reference/build-checks/secrets-used-in-arg-or-env/",
    check,
};

/// Words of names that are secrets, and words that take it back.
const DENIED: [&str; 10] = [
    "apikey",
    "auth",
    "credential",
    "credentials",
    "key",
    "password",
    "pword",
    "passwd",
    "secret",
    "token",
];
const ALLOWED: [&str; 3] = ["public", "file", "version"];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let other = named("DL3064").is_some_and(|rule| level(rule, context.config) > Level::Ignore);
    for step in context.steps().filter(|step| !step.onbuild && step.stage.is_some()) {
        let instruction = step.instruction;
        let names = match instruction.keyword {
            Keyword::Arg => {
                let words = instruction.arguments.words().iter();
                let name = |text: &str| text.split('=').next().unwrap_or_default().to_owned();
                words.map(|word| (name(&word.text), word.span)).collect::<Vec<_>>()
            }
            Keyword::Env => {
                let scope = context.scope(step);
                let pairs = instruction.arguments.pairs().iter();
                let expander = Expander::new(context.file.escape);
                pairs
                    .filter_map(|pair| {
                        Some((expander.expand(&pair.key.text, &scope).ok()?.text, pair.key.span))
                    })
                    .collect()
            }
            _ => continue,
        };
        for (name, span) in names {
            if !is_secret(&name) || other && names_a_secret(&name) {
                continue;
            }
            let message = format!(
                "Do not use ARG or ENV instructions for sensitive data ({} \"{name}\")",
                instruction.keyword
            );
            findings.report(step.line, span, message);
        }
    }
}

fn is_secret(name: &str) -> bool {
    let has = |words: &[&str]| {
        name.split('_').any(|part| words.iter().any(|word| word.eq_ignore_ascii_case(part)))
    };
    has(&DENIED) && !has(&ALLOWED)
}

#[cfg(test)]
mod tests {
    use super::is_secret;

    #[test]
    fn a_secret_is_known_by_a_whole_word_of_its_name() {
        let secrets = ["API_KEY", "DATABASE_PASSWORD", "secret_MESSAGE", "AUTH", "git_Token_x"];
        assert!(secrets.iter().all(|name| is_secret(name)));
        let others = ["MONKEY", "PUBLIC_KEY", "KEY_FILE", "TOKEN_VERSION", "TOKENS", "AUTHOR"];
        assert!(!others.iter().any(|name| is_secret(name)));
    }
}

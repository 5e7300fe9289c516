//! How an image is set up: its user, its age, and what its variables give away.

use std::fmt::Write as _;

use plimsoll_build::syntax::Dockerfile;
use plimsoll_build::{Config, Environment, Source, lint};
use plimsoll_model::Artifact;
use plimsoll_model::gate::{Effect, Practice, Rule, Violation};
use plimsoll_policy::gate::{Answers, Key, Kind as Value, Page, Preset};

use super::super::target::Kind;
use super::{Ask, Judge};

pub(super) const JUDGE: Judge = Judge { page: &PAGE, kinds: &[Kind::Image], ask: judge };

static PAGE: Page = Page {
    name: "image",
    title: "How an image is set up",
    rules: &[
        Rule {
            id: "image.user",
            title: "Run as a user other than root",
            why: "A process that breaks out of a container is on the machine who it was in the container.",
            fix: "End the Dockerfile's last stage with USER and a number above 0.",
            practice: Practice::NonRoot,
            effect: Effect::Deny,
            exit_code: Rule::DENIED,
        },
        Rule {
            id: "image.secrets",
            title: "Keep secrets out of an image's variables",
            why: "Whoever can pull an image can read its configuration.",
            fix: "Give secrets to containers when they start: as mounted files, or from a store.",
            practice: Practice::Dockerfiles,
            effect: Effect::Deny,
            exit_code: Rule::DENIED,
        },
        Rule {
            id: "image.age",
            title: "Build an image anew before it is `max-age` old",
            why: "An image gets no updates by itself: what was mended since it was built is not in it.",
            fix: "Build it anew on a current base; a scheduled build does so by itself.",
            practice: Practice::Updates,
            effect: Effect::Warn,
            exit_code: Rule::DENIED,
        },
        Rule {
            id: "image.small",
            title: "Keep an image within `max-packages` and `max-megabytes`",
            why: "What is not there has no weaknesses and helps nobody who breaks in.",
            fix: "`plimsoll base IMAGE` names slimmer bases, `plimsoll lint --propose` writes two stages.",
            practice: Practice::MinimalBases,
            effect: Effect::Warn,
            exit_code: Rule::DENIED,
        },
    ],
    keys: &[
        Key {
            name: "max-age",
            kind: Value::Length,
            preset: Some(Preset::days(90)),
            about: "How old an image may be",
        },
        Key {
            name: "max-packages",
            kind: Value::Number,
            preset: Some(Preset::Number(150)),
            about: "How many packages of the distribution an image may have",
        },
        Key {
            name: "max-megabytes",
            kind: Value::Number,
            preset: None,
            about: "How large an image may be as a registry holds it, in units of 1,000,000 bytes",
        },
    ],
};

fn judge(ask: &Ask<'_>, answers: &mut Answers) -> Result<(), String> {
    let scan = ask.target.scan()?;
    let (artifact, name) = (&scan.inventory.artifact, ask.name());
    let user = match user(&artifact.user) {
        None => vec![Violation::new("it runs as root: its configuration names no user")],
        Some(user) if is_root(user) => {
            vec![Violation::new(format!("it runs as root: its user is `{}`", user.escape_debug()))]
        }
        Some(_) => Vec::new(),
    };
    answers.judged("image.user", name, user, format!("user `{}`", artifact.user.escape_debug()));
    let seen = format!("{} variables", artifact.env.len());
    answers.judged("image.secrets", name, secrets(artifact), seen);
    age(ask, artifact, answers);
    let packages = scan.inventory.present().filter(|package| package.kind.is_os()).count();
    let megabytes = artifact.size / 1_000_000;
    let packages = u64::try_from(packages).unwrap_or(u64::MAX);
    let over = [
        ("max-packages", packages, "packages of the distribution"),
        ("max-megabytes", megabytes, "MB"),
    ];
    let over = over.into_iter().filter_map(|(key, is, what)| {
        let limit = ask.settings().number(key).filter(|limit| is > *limit)?;
        Some(Violation::new(format!("it has {is} {what}; at most {limit} are allowed")).called(key))
    });
    let seen = format!("{packages} packages of the distribution, {megabytes} MB");
    answers.judged("image.small", name, over.collect(), seen);
    Ok(())
}

/// The user of a configuration, without the group.
fn user(configured: &str) -> Option<&str> {
    configured.split(':').next().map(str::trim).filter(|user| !user.is_empty())
}

fn is_root(user: &str) -> bool {
    user == "root" || user.parse::<u64>() == Ok(0)
}

fn age(ask: &Ask<'_>, artifact: &Artifact, answers: &mut Answers) {
    let (rule, name) = ("image.age", ask.name());
    // Builds that are reproducible say 1970.
    let Some(created) = artifact.created.filter(|time| time.as_unix() > 86_400) else {
        return answers.unknown(rule, name, "it does not say when it was built");
    };
    let limit = ask.settings().seconds("max-age").unwrap_or(u64::MAX);
    let age = ask.means.now.as_unix().saturating_sub(created.as_unix());
    let is_over = age > i64::try_from(limit).unwrap_or(i64::MAX);
    let old = format!("it was built on {}, {} days ago", created.date(), age.max(0) / 86_400);
    let over = is_over
        .then(|| Violation::new(format!("{old}; at most {} days are allowed", limit / 86_400)));
    answers.judged(rule, name, over.into_iter().collect(), format!("built on {}", created.date()));
}

/// What the linter would say of the variables if a Dockerfile had set them.
fn secrets(artifact: &Artifact) -> Vec<Violation> {
    const RULES: [&str; 4] = ["SecretsUsedInArgOrEnv", "PL1501", "PL1502", "PL1504"];
    let mut text = String::from("FROM scratch\n");
    let mut names = Vec::new();
    for (name, value) in artifact.env.iter().filter_map(|pair| pair.split_once('=')) {
        let is_name = |one: char| one.is_ascii_alphanumeric() || one == '_';
        if name.is_empty() || !name.chars().all(is_name) {
            continue;
        }
        let mut written = String::new();
        for one in value.chars() {
            match one {
                '"' | '\\' | '$' => written.extend(['\\', one]),
                one if one.is_control() => written.push(' '),
                one => written.push(one),
            }
        }
        let _ = writeln!(text, "ENV {name}=\"{written}\"");
        names.push(name);
    }
    let file = Dockerfile::parse(Source::new(text));
    let found = lint(&file, &Config::default(), &Environment::default()).findings;
    let ours = found.into_iter().filter(|one| RULES.iter().any(|name| one.rule.is_called(name)));
    ours.map(|one| {
        let index = usize::try_from(one.line).unwrap_or(0).saturating_sub(2);
        let name = names.get(index).copied().unwrap_or_default();
        Violation::new(format!("the variable `{name}`: {}", one.message)).called(one.rule.id)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_known_by_its_name_and_its_number() {
        for text in ["", ":0", "root", "0", "0:0", "root:app", "000"] {
            assert!(user(text).is_none_or(is_root), "{text}");
        }
        for text in ["app", "1000", "65532:65532", "rooty"] {
            assert!(!user(text).is_none_or(is_root), "{text}");
        }
    }

    #[test]
    fn a_secret_in_a_variable_is_told_by_the_variables_name() {
        let env = |pairs: &[&str]| Artifact {
            env: pairs.iter().map(|one| (*one).to_owned()).collect(),
            ..Artifact::default()
        };
        let found = secrets(&env(&["PATH=/bin", "DB_PASSWORD=hunter\"2\n$x", "LANG=C"]));
        assert!(!found.is_empty());
        assert!(found.iter().all(|one| one.message.contains("`DB_PASSWORD`")), "{found:?}");
        assert!(!found.iter().any(|one| one.message.contains("hunter")), "{found:?}");
        assert!(secrets(&env(&["PATH=/usr/bin", "", "=", "A B=c", "LANG=C.UTF-8"])).is_empty());
    }
}

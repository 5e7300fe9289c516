//! Dockerfiles, by the rules of `plimsoll lint`.

use std::path::Path;

use plimsoll_build::syntax::{Dockerfile, Keyword};
use plimsoll_build::{Config, Environment, Finding, Level, Mending, Source, lint};
use plimsoll_model::gate::{Effect, Place, Practice, Violation};
use plimsoll_policy::gate::{Answers, Key, Kind as Value, Page, Preset};

use super::super::target::Kind;
use super::{Ask, Judge, rule};
use crate::commands::lint::{files, ground};
use crate::exit::chain;

pub(super) const JUDGE: Judge =
    Judge { page: &PAGE, kinds: &[Kind::Folder, Kind::Dockerfile], ask: judge };

pub(super) static PAGE: Page = Page {
    name: "dockerfile",
    title: "Dockerfiles, by the rules of `plimsoll lint`",
    rules: &[
        rule(
            "dockerfile.valid",
            "Write what the builder takes",
            "A file that does not parse is not built, and what is not read is not judged.",
            "Run `plimsoll lint` and mend what it calls an error of syntax.",
            Practice::Dockerfiles,
            Effect::Deny,
        ),
        rule(
            "dockerfile.pinned",
            "Build on a release that is named",
            "`latest`, or no tag at all, is another image tomorrow: what was judged is not what is built.",
            "Name a release behind FROM; `plimsoll lint --pin --fix` adds the digest.",
            Practice::Dockerfiles,
            Effect::Deny,
        ),
        rule(
            "dockerfile.digest",
            "Pin base images by digest",
            "A tag can be moved by whoever may push to the repository; a digest cannot.",
            "`plimsoll lint --pin --fix`, and `plimsoll update --write` from then on.",
            Practice::Dockerfiles,
            Effect::Off,
        ),
        rule(
            "dockerfile.user",
            "Switch to a user other than root",
            "A process that breaks out of a container is on the machine who it was in the container.",
            "Create a user and end the last stage with USER.",
            Practice::NonRoot,
            Effect::Deny,
        ),
        rule(
            "dockerfile.secrets",
            "Keep secrets out of images and their history",
            "Whoever can pull an image can read every layer, ARG and ENV of it.",
            "Mount them: `RUN --mount=type=secret,id=…`; name them in .dockerignore.",
            Practice::Dockerfiles,
            Effect::Deny,
        ),
        rule(
            "dockerfile.downloads",
            "Verify what a build downloads",
            "A download that nobody compares with anything runs whatever its server sends.",
            "`ADD --checksum=…`, or compare with a checksum before use; leave verification on.",
            Practice::Dockerfiles,
            Effect::Deny,
        ),
        rule(
            "dockerfile.command",
            "Start the program in exec form",
            "In shell form a shell gets the signals, and the program is killed instead of stopped.",
            "Write CMD and ENTRYPOINT as JSON arrays: `CMD [\"node\", \"server.js\"]`.",
            Practice::Dockerfiles,
            Effect::Deny,
        ),
        rule(
            "dockerfile.layers",
            "Clean up in the layer that makes the dirt",
            "What a later layer removes is still in the image, and so are its weaknesses.",
            "Install, use and remove in one RUN; leave caches out.",
            Practice::MinimalBases,
            Effect::Warn,
        ),
        rule(
            "dockerfile.minimal",
            "Ship no compilers, download tools and development packages",
            "They have weaknesses of their own, and whoever breaks in uses them.",
            "Build in one stage and copy the result into a minimal one: `plimsoll lint --propose`.",
            Practice::MinimalBases,
            Effect::Warn,
        ),
        rule(
            "dockerfile.healthcheck",
            "Say how a container shows that it works",
            "Without a health check a process that hangs is taken for one that serves.",
            "`HEALTHCHECK --interval=30s --timeout=3s CMD …`.",
            Practice::Dockerfiles,
            Effect::Warn,
        ),
        rule(
            "dockerfile.order",
            "Set the working directory, and copy what changes most last",
            "A build that caches well is one that is run often, with its updates.",
            "WORKDIR first, then lists of dependencies, install, then the sources.",
            Practice::Dockerfiles,
            Effect::Warn,
        ),
        rule(
            "dockerfile.lint",
            "Leave nothing else that the linter calls as grave as `level`",
            "What is surely a mistake is one in production as well.",
            "`plimsoll lint --explain RULE` explains, `plimsoll lint --fix` mends what it can.",
            Practice::Dockerfiles,
            Effect::Deny,
        ),
    ],
    keys: &[
        Key {
            name: "files",
            kind: Value::Texts,
            preset: None,
            about: "Dockerfiles and folders with such, seen from this file's folder; without it those \
                    below the folder that is judged",
        },
        Key {
            name: "level",
            kind: Value::Choice(&["error", "warning", "info", "style"]),
            preset: Some(Preset::Text("error")),
            about: "From which level on `dockerfile.lint` counts what no other rule is about",
        },
    ],
};

/// Which rules of the linter each rule is made of.
const GROUPS: &[(&str, &[&str])] = &[
    ("dockerfile.valid", &["DL1000"]),
    ("dockerfile.pinned", &["DL3006", "DL3007", "PL1230"]),
    ("dockerfile.digest", &["PL1401"]),
    ("dockerfile.user", &["DL3002", "PL1105", "PL1106", "PL1107", "PL1201"]),
    (
        "dockerfile.secrets",
        &[
            "PL1302",
            "PL1501",
            "PL1502",
            "PL1503",
            "PL1504",
            "PL1505",
            "PL1506",
            "SecretsUsedInArgOrEnv",
        ],
    ),
    ("dockerfile.downloads", &["PL1212", "PL1213", "PL1214", "PL1215", "PL1216", "PL1217"]),
    ("dockerfile.command", &["DL3025", "PL1235"]),
    (
        "dockerfile.layers",
        &[
            "DL3009", "DL3019", "DL3032", "DL3036", "DL3040", "DL3042", "DL3060", "PL1101",
            "PL1102", "PL1103", "PL1104",
        ],
    ),
    ("dockerfile.minimal", &["DL3015", "DL4001", "PL1111", "PL1112", "PL1221", "PL1222", "PL1223"]),
    ("dockerfile.healthcheck", &["DL3057", "PL1203", "PL1204", "PL1205", "PL1207"]),
    ("dockerfile.order", &["DL3000", "DL3003", "DL3045", "PL1210", "PL1231", "PL1232"]),
];

#[allow(clippy::unnecessary_wraps, reason = "every judge may fail")]
fn judge(ask: &Ask<'_>, answers: &mut Answers) -> Result<(), String> {
    let files = ask.dockerfiles();
    if files.is_empty() {
        ask.none_asked(answers, "there is no Dockerfile");
        return Ok(());
    }
    let level = ask.settings().text("level").unwrap_or_default();
    let level: Level = level.parse().unwrap_or(Level::Error);
    let seen = if let [one] = files.as_slice() {
        format!("`{}`", one.display())
    } else {
        format!("{} Dockerfiles", files.len())
    };
    for file in &files {
        match read(file) {
            Ok((file, config, environment)) => {
                one(&file.0, &file.1, &config, &environment, level, ask, answers);
            }
            Err(why) => {
                for rule in PAGE.rules {
                    answers.unknown(rule.id, ask.name(), why.clone());
                }
            }
        }
    }
    for rule in PAGE.rules {
        answers.settle(rule.id, ask.name(), &seen);
    }
    Ok(())
}

/// A file with its name, and what it is judged by.
type Ready = ((String, Dockerfile), Config, Environment);

fn read(path: &Path) -> Result<Ready, String> {
    let shown = path.display().to_string();
    let bytes = files::read(path).map_err(|error| format!("cannot read `{shown}`: {error}"))?;
    let (config, environment) = ground(None, Some(path));
    let mut config = config.map_err(|error| chain(&error))?;
    config.levels.entry("PL1401".into()).or_insert(Level::Info);
    let name = shown.strip_prefix("./").unwrap_or(&shown).to_owned();
    Ok(((name, Dockerfile::parse(Source::from_bytes(bytes))), config, environment))
}

fn one(
    name: &str,
    file: &Dockerfile,
    config: &Config,
    environment: &Environment,
    level: Level,
    ask: &Ask<'_>,
    answers: &mut Answers,
) {
    for finding in lint(file, config, environment).findings {
        let group = group_of(file, &finding);
        if group.is_none() && finding.level < level {
            continue;
        }
        let at = file.source.position(finding.span.start);
        let place = Place { file: name.to_owned(), line: at.line, column: at.column };
        let violation = violation(&finding).at(place);
        answers.add(group.unwrap_or("dockerfile.lint"), ask.name(), vec![violation]);
    }
}

fn group_of(file: &Dockerfile, finding: &Finding) -> Option<&'static str> {
    // Of a health check the shell gets no signal that the program should.
    let mut checks = file.instructions.iter().filter(|one| one.keyword == Keyword::Healthcheck);
    if finding.rule.id == "DL3025" && checks.any(|one| one.lines.0 == finding.line) {
        return Some("dockerfile.healthcheck");
    }
    let is_of = |(_, names): &&(&'static str, &'static [&'static str])| {
        names.iter().any(|name| finding.rule.is_called(name))
    };
    GROUPS.iter().find(is_of).map(|(group, _)| *group)
}

fn violation(finding: &Finding) -> Violation {
    let how = match finding.rule.mending {
        Mending::Safe => " (`plimsoll lint --fix`)",
        Mending::Unsafe => " (`plimsoll lint --fix --unsafe-fixes`)",
        Mending::None => "",
    };
    let fix = format!("{}{how}", finding.rule.title);
    Violation::new(finding.message.clone()).called(finding.rule.id).mended_by(fix)
}

#[cfg(test)]
mod tests {
    use plimsoll_build::rules;

    use super::*;

    #[test]
    fn every_rule_of_a_group_is_one_of_the_linters_and_in_one_group_alone() {
        let mut seen = std::collections::BTreeSet::new();
        for (group, names) in GROUPS {
            assert!(PAGE.rules.iter().any(|rule| rule.id == *group), "{group}");
            for name in *names {
                let rule = rules::named(name);
                assert!(rule.is_some(), "{group}: there is no rule {name}");
                assert!(seen.insert(rule.map(|rule| rule.id)), "{name} is in two groups");
            }
        }
    }
}

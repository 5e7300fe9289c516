//! What may run how: manifests by the Pod Security Standards and by `plimsoll kube lint`.

use plimsoll_kube::pss::{Profile, Version};
use plimsoll_kube::{Config, Family, Mending};
use plimsoll_model::gate::{Effect, Practice, Violation};
use plimsoll_model::text::Level;
use plimsoll_policy::gate::{Answers, Key, Kind as Value, Page, Preset};

use super::super::target::Kind;
use super::{Ask, Judge, rule};
use crate::commands::kube::Said;

pub(super) const JUDGE: Judge =
    Judge { page: &PAGE, kinds: &[Kind::Folder, Kind::Manifest], ask: judge };

pub(super) static PAGE: Page = Page {
    name: "runtime",
    title: "What may run how, by Kubernetes manifests, charts and kustomizations",
    rules: &[
        rule(
            "runtime.valid",
            "Write manifests that an API server takes",
            "What an API server refuses protects nothing.",
            "Mend the place; `plimsoll kube lint` shows it.",
            Practice::Runtime,
            Effect::Deny,
        ),
        rule(
            "runtime.pod-security",
            "Meet the Pod Security Standards at the level of `pod-security`",
            "They take away what lets a process leave its container.",
            "`plimsoll kube lint --fix` sets what ordinary programs do not notice.",
            Practice::Runtime,
            Effect::Deny,
        ),
        rule(
            "runtime.read-only",
            "Make the file system of containers read-only",
            "Whoever breaks in can then bring no tools and change no program.",
            "`readOnlyRootFilesystem: true`, and an emptyDir where the program must write.",
            Practice::Runtime,
            Effect::Deny,
        ),
        rule(
            "runtime.host",
            "Keep containers from the node",
            "The socket of the runtime or the node's folders are the node.",
            "Take the mount out; what must watch a node is an exception with an owner.",
            Practice::Runtime,
            Effect::Deny,
        ),
        rule(
            "runtime.secrets",
            "Keep secrets out of manifests",
            "Manifests are in repositories, and repositories are read by many.",
            "Make them by an operator or a sealed form, and name them with secretKeyRef.",
            Practice::Runtime,
            Effect::Deny,
        ),
        rule(
            "runtime.rights",
            "Give programs no rights over the cluster",
            "A service account that may raise its rights is the cluster, one break-in away.",
            "Name verbs and resources; bind roles to one account in one namespace.",
            Practice::Runtime,
            Effect::Deny,
        ),
        rule(
            "runtime.image",
            "Name the release of every image",
            "`latest` starts something else tomorrow, on another node and after a restart.",
            "Name a release; `plimsoll verify --policy FILE --pin MANIFEST` writes digests.",
            Practice::Runtime,
            Effect::Deny,
        ),
        rule(
            "runtime.digest",
            "Pin images to their digests",
            "A tag can be moved by whoever may push to the repository; a digest cannot.",
            "`plimsoll update --write`, or `plimsoll verify --policy FILE --pin MANIFEST`.",
            Practice::Runtime,
            Effect::Off,
        ),
        rule(
            "runtime.resources",
            "Say how much CPU and memory containers need, and limit memory",
            "A program that takes all of a node takes its neighbours down.",
            "Set resources.requests, and limits.memory.",
            Practice::Runtime,
            Effect::Warn,
        ),
        rule(
            "runtime.lint",
            "Leave nothing else that the linter calls as grave as `level`",
            "What is surely a mistake is one in the cluster as well.",
            "`plimsoll kube lint --explain RULE` explains it.",
            Practice::Runtime,
            Effect::Deny,
        ),
    ],
    keys: &[
        Key {
            name: "files",
            kind: Value::Texts,
            preset: None,
            about: "Manifests, folders and charts, seen from this file's folder; without it those below \
                    the folder that is judged",
        },
        Key {
            name: "pod-security",
            kind: Value::Choice(&["privileged", "baseline", "restricted"]),
            preset: Some(Preset::Text("restricted")),
            about: "The level of the Pod Security Standards",
        },
        Key {
            name: "pod-security-version",
            kind: Value::Text,
            preset: Some(Preset::Text("latest")),
            about: "Their version: v1.N or latest",
        },
        Key {
            name: "level",
            kind: Value::Choice(&["error", "warning", "info"]),
            preset: Some(Preset::Text("error")),
            about: "From which level on `runtime.lint` counts what no other rule is about",
        },
    ],
};

/// Which rules of the linter each rule is made of.
const GROUPS: &[(&str, &[&str])] = &[
    ("runtime.read-only", &["PK3001"]),
    ("runtime.host", &["PK3005", "PK3006"]),
    ("runtime.secrets", &["PK3007", "PK5006"]),
    (
        "runtime.rights",
        &[
            "PK5007", "PK5008", "PK6001", "PK6002", "PK6003", "PK6004", "PK6005", "PK6006",
            "PK6007", "PK6008", "PK6009", "PK6010",
        ],
    ),
    ("runtime.image", &["PK1001"]),
    ("runtime.digest", &["PK1002"]),
    ("runtime.resources", &["PK2001", "PK2002", "PK2003"]),
];

fn judge(ask: &Ask<'_>, answers: &mut Answers) -> Result<(), String> {
    let settings = ask.settings();
    let version = settings.text("pod-security-version").unwrap_or_default();
    let version: Version =
        version.parse().map_err(|error| format!("`pod-security-version`: {error}"))?;
    let profile = settings.text("pod-security").unwrap_or_default();
    let profile: Profile = profile.parse().map_err(|error| format!("`pod-security`: {error}"))?;
    let level = settings.text("level").unwrap_or_default().parse().unwrap_or(Level::Error);
    let manifests = ask.target.manifests(ask.files("files"));
    if manifests.count() == 0 && manifests.failed.is_empty() {
        ask.none_asked(answers, "there is no manifest");
        return Ok(());
    }
    for (place, message) in manifests.unreadable() {
        answers.add("runtime.valid", ask.name(), vec![Violation::new(message).at(place)]);
    }
    let standards = Config { profile: Some(profile), version, ..Config::default() };
    for said in manifests.of_family(Family::Pss, standards, &ask.means.reading) {
        answers.add("runtime.pod-security", ask.name(), vec![violation(said)]);
    }
    let mut practice = Config::default();
    practice.levels.insert("PK1002".into(), Level::Info);
    for said in manifests.of_family(Family::Practice, practice, &ask.means.reading) {
        let group = GROUPS.iter().find(|(_, names)| names.contains(&said.rule.id));
        if group.is_none() && (said.level < level || !said.rule.id.starts_with("PK")) {
            continue;
        }
        let rule = group.map_or("runtime.lint", |(rule, _)| rule);
        answers.add(rule, ask.name(), vec![violation(said)]);
    }
    for rule in PAGE.rules {
        match manifests.failed.first() {
            Some(why) => answers.settle_unknown(rule.id, ask.name(), why),
            None => answers.settle(rule.id, ask.name(), &seen(manifests.count())),
        }
    }
    Ok(())
}

/// How much was judged.
pub(super) fn seen(files: usize) -> String {
    if files == 1 { "1 file".into() } else { format!("{files} files") }
}

/// What a rule of manifests said, as the gate tells it.
pub(super) fn violation(said: Said) -> Violation {
    let how = match said.rule.mending {
        Mending::Safe => " (`plimsoll kube lint --fix`)",
        Mending::Unsafe => " (`plimsoll kube lint --fix --unsafe-fixes`)",
        Mending::None => "",
    };
    let fix = format!("{}{how}", said.rule.title);
    Violation::new(said.message).called(said.rule.id).mended_by(fix).at(said.place)
}

#[cfg(test)]
mod tests {
    use plimsoll_kube::rules;

    use super::*;

    #[test]
    fn every_rule_of_a_group_is_one_of_the_linters() {
        for (group, names) in GROUPS {
            assert!(PAGE.rules.iter().any(|rule| rule.id == *group), "{group}");
            for name in *names {
                assert!(rules::named(name).is_some(), "{group}: there is no rule {name}");
            }
        }
    }
}

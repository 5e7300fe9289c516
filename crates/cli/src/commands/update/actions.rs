//! Newer actions, by the tags of their repositories; commits stand for tags, which can be moved.

use std::collections::BTreeMap;
use std::env;

use plimsoll_build::updates::Step;
use plimsoll_witness::{GitRef, GitServer};

use super::Limits;
use super::pin::{Answer, Form, Newer, Pin};

/// Where actions are, unless `GITHUB_SERVER_URL` says otherwise, as it does in every workflow.
const SERVER: &str = "https://github.com";

/// The server, and what it said of repositories.
#[derive(Default)]
pub(super) struct Actions {
    server: Option<Result<GitServer, String>>,
    known: BTreeMap<String, Result<Vec<GitRef>, String>>,
}

impl Actions {
    pub(super) fn ask(&mut self, pin: &Pin, limits: &Limits) -> Answer {
        // What stands behind the repository is a folder or a workflow in it.
        let repository: Vec<&str> = pin.name.split('/').take(2).collect();
        let refs = match self.refs(&repository.join("/")) {
            Ok(refs) => refs,
            Err(why) => return Answer::Failed(why),
        };
        match newer(pin, &refs, limits) {
            Found::Newest => Answer::Newest,
            Found::Unknown(why) => Answer::PassedOver(why),
            Found::Newer { tag, commit, step } => {
                let Form::Action { comment, end } = &pin.form else { return Answer::Newest };
                let is_commit = is_id(&pin.version);
                // A tag that was asked for stays one, unless commits are wanted.
                let pinned = is_commit || limits.pin;
                let version = if pinned { commit.clone() } else { tag.clone() };
                let mut edits = vec![(pin.span, version)];
                match (comment, end) {
                    (Some((_, span)), _) if pinned => edits.push((*span, tag.clone())),
                    (None, Some(end)) if pinned => edits.push((*end, format!(" # {tag}"))),
                    _ => {}
                }
                let version = if pinned { format!("{commit} # {tag}") } else { tag };
                Answer::Newer(Newer { version, step, edits, clears: None })
            }
        }
    }

    fn refs(&mut self, repository: &str) -> Result<Vec<GitRef>, String> {
        if let Some(known) = self.known.get(repository) {
            return known.clone();
        }
        let server = self.server.get_or_insert_with(|| {
            let url = env::var("GITHUB_SERVER_URL").ok().filter(|url| !url.is_empty());
            GitServer::at(url.as_deref().unwrap_or(SERVER)).map_err(|error| error.to_string())
        });
        let refs = match server {
            Ok(server) => server.references(repository).map_err(|error| error.to_string()),
            Err(why) => Err(why.clone()),
        };
        self.known.insert(repository.to_owned(), refs.clone());
        refs
    }
}

enum Found {
    Newest,
    Unknown(String),
    Newer { tag: String, commit: String, step: &'static str },
}

fn is_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|one| one.is_ascii_hexdigit())
}

/// A version of `v1`, `v1.2` or `v1.2.3`: its numbers.
fn numbers(tag: &str) -> Option<Vec<u64>> {
    let bare = tag.strip_prefix('v').unwrap_or(tag);
    let parts: Vec<&str> = bare.split('.').collect();
    if parts.len() > 3 {
        return None;
    }
    parts.into_iter().map(|part| part.parse().ok()).collect()
}

fn newer(pin: &Pin, refs: &[GitRef], limits: &Limits) -> Found {
    let tags = || {
        refs.iter()
            .filter_map(|one| Some((one.name.strip_prefix("refs/tags/")?, one.commit.as_str())))
    };
    let comment = match &pin.form {
        Form::Action { comment: Some((comment, _)), .. } => Some(comment.as_str()),
        _ => None,
    };
    // The version that a commit is of, by the tags that lead to it, else by the comment.
    let current = if is_id(&pin.version) {
        let own = tags().filter(|(_, commit)| *commit == pin.version).map(|(tag, _)| tag);
        let best = own.filter_map(|tag| Some((numbers(tag)?, tag)));
        best.max_by_key(|(numbers, _)| numbers.clone()).map(|(_, tag)| tag).or(comment)
    } else {
        Some(pin.version.as_str())
    };
    let current = current.and_then(numbers);
    let is_within = |numbers: &[u64]| match &current {
        None => true,
        Some(own) => {
            let kept = match limits.level {
                Step::Rebuilt | Step::Patch => 2,
                Step::Minor => 1,
                Step::Major => 0,
            };
            let kept = kept.min(own.len());
            numbers.get(..kept) == own.get(..kept)
        }
    };
    // Whole versions, which stay where they are; `v4` is moved with every release.
    let candidates = tags().filter_map(|(tag, commit)| {
        let numbers = numbers(tag).filter(|numbers| numbers.len() == 3 && is_within(numbers))?;
        Some((numbers, tag, commit))
    });
    let Some((found, tag, commit)) = candidates.max_by_key(|(numbers, ..)| numbers.clone()) else {
        return Found::Unknown("it has no release that could be compared".into());
    };
    let newer = |step| Found::Newer { tag: tag.to_owned(), commit: commit.to_owned(), step };
    let Some(own) = current else {
        // A branch, or a commit of no release: another one tomorrow, or one that nobody names.
        return newer("pin");
    };
    let padded = |numbers: &[u64]| {
        let mut all = numbers.to_vec();
        all.resize(3, 0);
        all
    };
    let is_moving = own.len() < 3 && !is_id(&pin.version);
    if is_moving && padded(&own).first() == found.first() {
        // `v4` is that release already; it is only worth a word where commits are wanted.
        return if limits.pin { newer("pin") } else { Found::Newest };
    }
    if padded(&own) >= found {
        return if limits.pin && !is_id(&pin.version) { newer("pin") } else { Found::Newest };
    }
    newer(Step::between(&own, &found).name())
}

#[cfg(test)]
mod tests {
    use plimsoll_model::gate::Place;
    use plimsoll_model::text::Span;
    use plimsoll_model::update::PinKind;

    use super::*;

    const REFS: [(&str, &str); 6] = [
        ("refs/heads/main", "0"),
        ("refs/tags/v4", "3"),
        ("refs/tags/v4.1.0", "1"),
        ("refs/tags/v4.2.2", "3"),
        ("refs/tags/v5.0.0", "4"),
        ("refs/tags/v6.0.0-beta", "5"),
    ];

    fn found(version: &str, comment: Option<&str>, level: Step, pin: bool) -> String {
        let refs: Vec<GitRef> = REFS
            .iter()
            .map(|(name, id)| GitRef { name: (*name).into(), commit: id.repeat(40) })
            .collect();
        let place = Place { file: String::new(), line: 1, column: 1 };
        let comment = comment.map(|text| (text.to_owned(), Span::default()));
        let pinned = Pin {
            kind: PinKind::Action,
            file: 0,
            place,
            name: "a/b".into(),
            version: version.into(),
            span: Span::default(),
            form: Form::Action { comment, end: None },
        };
        match newer(&pinned, &refs, &Limits { level, pin }) {
            Found::Newest => "newest".into(),
            Found::Unknown(_) => "unknown".into(),
            Found::Newer { tag, step, .. } => format!("{tag} {step}"),
        }
    }

    #[test]
    fn a_commit_goes_to_the_newest_release_within_the_step() {
        let old = "1".repeat(40);
        assert_eq!(found(&old, Some("v4.1.0"), Step::Minor, false), "v4.2.2 minor");
        assert_eq!(found(&old, None, Step::Major, false), "v5.0.0 major");
        assert_eq!(found(&old, None, Step::Patch, false), "newest");
        assert_eq!(found(&"3".repeat(40), None, Step::Minor, false), "newest");
        assert_eq!(found(&"9".repeat(40), Some("v4.0.1"), Step::Minor, false), "v4.2.2 minor");
    }

    #[test]
    fn a_branch_and_a_tag_that_moves_are_pinned_to_a_release() {
        assert_eq!(found("main", None, Step::Minor, false), "v5.0.0 pin");
        assert_eq!(found("v4", None, Step::Minor, false), "newest");
        assert_eq!(found("v4", None, Step::Minor, true), "v4.2.2 pin");
        assert_eq!(found("v4", None, Step::Major, false), "v5.0.0 major");
        assert_eq!(found("v4.1.0", None, Step::Minor, false), "v4.2.2 minor");
        assert_eq!(found("v5.0.0", None, Step::Major, true), "v5.0.0 pin");
        assert_eq!(found("v9", None, Step::Minor, false), "unknown");
    }
}

//! Two accounts with one number are one account with two names.

use std::collections::BTreeSet;

use super::{Alert, Answer, Checkpoint, Facts, Level, Settings};

pub(super) const CHECKPOINT: Checkpoint =
    Checkpoint { code: "DKL-LI-0002", title: "Be unique UID/GROUP", level: Level::Fatal, check };

pub(super) const FILES: [&str; 2] = ["etc/passwd", "etc/group"];

fn check(facts: &Facts, _: &Settings) -> Answer {
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for (path, word) in FILES.into_iter().zip(["user", "group"]) {
        let Some(text) = facts.texts.get(path) else {
            missing.push(path);
            continue;
        };
        let mut known = BTreeSet::new();
        for line in String::from_utf8_lossy(text).lines() {
            let mut fields = line.split(':');
            let (Some(name), Some(id)) = (fields.next(), fields.nth(1)) else { continue };
            if !known.insert(id.to_owned()) {
                found.push(Alert::new(
                    path,
                    format!("the {word} {name} has the number of another: {id}"),
                ));
            }
        }
    }
    if found.is_empty() && !missing.is_empty() {
        return Answer::Skipped(format!("there is no {}", missing.join(" and no ")));
    }
    Answer::Found(found)
}

//! An account with an empty password is open to everybody (as root's was in Alpine: CVE-2019-5021).

use super::{Alert, Answer, Checkpoint, Facts, Level, Settings};

pub(super) const CHECKPOINT: Checkpoint =
    Checkpoint { code: "DKL-LI-0001", title: "Avoid empty password", level: Level::Fatal, check };

pub(super) const FILES: [&str; 2] = ["etc/shadow", "etc/master.passwd"];

fn check(facts: &Facts, _: &Settings) -> Answer {
    let texts: Vec<(&str, &Vec<u8>)> =
        FILES.iter().filter_map(|path| Some((*path, facts.texts.get(*path)?))).collect();
    if texts.is_empty() {
        return Answer::Skipped(format!("there is no {}", FILES.join(" or ")));
    }
    let mut found = Vec::new();
    for (path, text) in texts {
        for line in String::from_utf8_lossy(text).lines().filter(|line| !line.starts_with('#')) {
            let mut fields = line.split(':');
            if let (Some(name), Some("")) = (fields.next(), fields.next()) {
                found.push(Alert::new(path, format!("an account without a password: {name}")));
            }
        }
    }
    Answer::Found(found)
}

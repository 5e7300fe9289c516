//! A program that runs as its owner, whoever starts it, is a way to that owner's rights.

use super::{Alert, Answer, Checkpoint, Facts, Level, Settings};

pub(super) const CHECKPOINT: Checkpoint = Checkpoint {
    code: "CIS-DI-0008",
    title: "Confirm safety of setuid/setgid files",
    level: Level::Info,
    check,
};

const SETUID: u32 = 0o4000;
const SETGID: u32 = 0o2000;

pub(super) fn is_one(mode: u32) -> bool {
    mode & (SETUID | SETGID) != 0
}

fn check(facts: &Facts, _: &Settings) -> Answer {
    let of = |(path, mode): (&String, &u32)| {
        [(SETUID, "setuid"), (SETGID, "setgid")]
            .into_iter()
            .filter(|(bit, _)| mode & bit != 0)
            .map(|(_, word)| Alert::new(path, format!("{word} file: {:04o} {path}", mode & 0o7777)))
            .collect::<Vec<_>>()
    };
    Answer::Found(facts.files.iter().flat_map(of).collect())
}

//! Lists of packages that `apk add` leaves are never read again.

use super::words::has_all;
use super::{Answer, Checkpoint, Facts, Level, Settings, of_steps};

pub(super) const CHECKPOINT: Checkpoint = Checkpoint {
    code: "DKL-DI-0004",
    title: "Use \"apk add\" with --no-cache",
    level: Level::Fatal,
    check,
};

fn check(facts: &Facts, _: &Settings) -> Answer {
    of_steps(facts, "`apk add` without `--no-cache`", |commands| {
        commands
            .iter()
            .any(|command| has_all(command, &["apk", "add"]) && !command.contains(&"--no-cache"))
    })
}

//! An upgrade of the distribution makes of a base image another one.

use super::words::is_apt;
use super::{Answer, Checkpoint, Facts, Level, Settings, of_steps};

pub(super) const CHECKPOINT: Checkpoint = Checkpoint {
    code: "DKL-DI-0003",
    title: "Avoid \"apt-get dist-upgrade\"",
    level: Level::Warn,
    check,
};

fn check(facts: &Facts, _: &Settings) -> Answer {
    of_steps(facts, "the distribution is upgraded", |commands| {
        commands.iter().any(|command| is_apt(command, "dist-upgrade"))
    })
}

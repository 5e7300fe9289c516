//! sudo in a container is a way to root, and hands signals on badly.

use super::{Answer, Checkpoint, Facts, Level, Settings, of_steps};

pub(super) const CHECKPOINT: Checkpoint =
    Checkpoint { code: "DKL-DI-0001", title: "Avoid sudo command", level: Level::Fatal, check };

fn check(facts: &Facts, _: &Settings) -> Answer {
    of_steps(facts, "sudo is used", |commands| commands.iter().any(|it| it.contains(&"sudo")))
}

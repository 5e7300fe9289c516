//! Who breaks out of a process that runs as root is root, in the container and often on the machine.

use super::{Alert, Answer, Checkpoint, Facts, Level, Settings};

pub(super) const CHECKPOINT: Checkpoint = Checkpoint {
    code: "CIS-DI-0001",
    title: "Create a user for the container",
    level: Level::Warn,
    check,
};

fn check(facts: &Facts, _: &Settings) -> Answer {
    let is_root = matches!(facts.user.as_str(), "" | "root");
    Answer::Found(is_root.then(|| Alert::of_image("the last USER is root")).into_iter().collect())
}

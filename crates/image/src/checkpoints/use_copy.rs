//! `ADD` fetches and unpacks; `COPY` does what it says.
//!
//! A history does not say where the base image ends. Its first `ADD` is how base images are made of a
//! file system, and is not counted.

use super::words::{commands, has_all};
use super::{Alert, Answer, Checkpoint, Facts, Level, Settings};

pub(super) const CHECKPOINT: Checkpoint = Checkpoint {
    code: "CIS-DI-0009",
    title: "Use COPY instead of ADD in Dockerfile",
    level: Level::Fatal,
    check,
};

fn check(facts: &Facts, _: &Settings) -> Answer {
    let is_add = |step: &&String| {
        commands(step)
            .iter()
            .any(|it| has_all(it, &["ADD", "in"]) || has_all(it, &["ADD", "buildkit"]))
    };
    let steps = facts.history.iter().filter(is_add).skip(1);
    Answer::Found(steps.map(|step| Alert::of_image(format!("use COPY: {step}"))).collect())
}

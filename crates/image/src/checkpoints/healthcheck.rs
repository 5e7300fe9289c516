//! An engine that cannot ask a container how it is keeps one that hangs.

use super::{Alert, Answer, Checkpoint, Facts, Level, Settings};

pub(super) const CHECKPOINT: Checkpoint = Checkpoint {
    code: "CIS-DI-0006",
    title: "Add HEALTHCHECK instruction to the container image",
    level: Level::Info,
    check,
};

fn check(facts: &Facts, _: &Settings) -> Answer {
    let alert = (!facts.has_healthcheck).then(|| Alert::of_image("there is no HEALTHCHECK"));
    Answer::Found(alert.into_iter().collect())
}

//! Without content trust, Docker pulls what a tag stands for now, whoever pushed it.

use super::{Alert, Answer, Checkpoint, Facts, Level, Settings};

pub(super) const CHECKPOINT: Checkpoint = Checkpoint {
    code: "CIS-DI-0005",
    title: "Enable Content trust for Docker",
    level: Level::Info,
    check,
};

fn check(facts: &Facts, _: &Settings) -> Answer {
    let text = "set DOCKER_CONTENT_TRUST=1 where images are pulled and built";
    let alert = (!facts.has_content_trust).then(|| Alert::of_image(text));
    Answer::Found(alert.into_iter().collect())
}

//! `latest` is another image tomorrow.

use plimsoll_model::ImageName;

use super::{Alert, Answer, Checkpoint, Facts, Level, Settings};

pub(super) const CHECKPOINT: Checkpoint =
    Checkpoint { code: "DKL-DI-0006", title: "Avoid latest tag", level: Level::Warn, check };

fn check(facts: &Facts, _: &Settings) -> Answer {
    let is_latest = |name: &&String| {
        name.parse::<ImageName>()
            .is_ok_and(|it| it.digest().is_none() && matches!(it.tag(), None | Some("latest")))
    };
    let alert = facts.name.as_ref().filter(is_latest);
    let alert = alert.map(|name| Alert::new(name, "the tag is `latest`, which moves"));
    Answer::Found(alert.into_iter().collect())
}

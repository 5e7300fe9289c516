//! A volume over a part of the kernel's own file systems hides or exposes it.

use super::{Alert, Answer, Checkpoint, Facts, Level, Settings};

pub(super) const CHECKPOINT: Checkpoint = Checkpoint {
    code: "DKL-DI-0002",
    title: "Avoid sensitive directory mounting",
    level: Level::Fatal,
    check,
};

fn check(facts: &Facts, _: &Settings) -> Answer {
    let volumes =
        facts.volumes.iter().filter(|it| matches!(it.as_str(), "/dev" | "/proc" | "/sys"));
    Answer::Found(volumes.map(|it| Alert::of_image(format!("{it} is a volume"))).collect())
}

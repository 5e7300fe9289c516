//! A step that only updates the lists of packages is cached, and the next one installs old packages.

use super::words::is_apt;
use super::{Answer, Checkpoint, Facts, Level, Settings, of_steps};

pub(super) const CHECKPOINT: Checkpoint = Checkpoint {
    code: "CIS-DI-0007",
    title: "Do not use update instructions alone in the Dockerfile",
    level: Level::Fatal,
    check,
};

fn check(facts: &Facts, _: &Settings) -> Answer {
    of_steps(facts, "`apt-get update` without an install or upgrade behind it", |commands| {
        let mut rest = commands.iter().skip_while(|command| !is_apt(command, "update"));
        let is_updated = rest.clone().next().is_some();
        is_updated && !rest.any(|command| is_apt(command, "install") || is_apt(command, "upgrade"))
    })
}

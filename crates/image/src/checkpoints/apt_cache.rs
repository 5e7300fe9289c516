//! Lists of packages that `apt-get` leaves are never read again, and deleting them in a later step does
//! not make the image smaller.

use super::words::is_apt;
use super::{Answer, Checkpoint, Facts, Level, Settings, of_steps};

pub(super) const CHECKPOINT: Checkpoint =
    Checkpoint { code: "DKL-DI-0005", title: "Clear apt-get caches", level: Level::Fatal, check };

const LISTS: [&str; 3] = ["/var/lib/apt/lists", "/var/lib/apt/lists/*", "/var/lib/apt/lists/*;"];
const SWITCHES: [&str; 4] = ["-rf", "-fr", "-r", "-fR"];

fn check(facts: &Facts, _: &Settings) -> Answer {
    of_steps(
        facts,
        "the lists of packages stay: `rm -rf /var/lib/apt/lists/*` behind",
        |commands| {
            let fetches = |it: &&Vec<&str>| !(is_apt(it, "update") || is_apt(it, "install"));
            let mut rest = commands.iter().skip_while(fetches);
            rest.clone().next().is_some() && !rest.any(|command| clears(command))
        },
    )
}

fn clears(command: &[&str]) -> bool {
    let has_any = |words: &[&str]| words.iter().any(|word| command.contains(word));
    command.contains(&"rm") && has_any(&SWITCHES) && has_any(&LISTS)
        || is_apt(command, "dist-clean")
        || is_apt(command, "distclean")
}

//! What an update is doing, on a terminal; elsewhere nothing is said before it ends.

use std::time::Duration;

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use plimsoll_advisory::database::Step;

/// One line that changes.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Draws nothing where stderr is no terminal.
    pub(super) fn new() -> Self {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {msg}") {
            bar.set_style(style);
        }
        if !bar.is_hidden() {
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        Self(bar)
    }

    pub(super) fn show(&self, step: &Step<'_>) {
        match step {
            Step::Fetching(path) => self.say(format!("fetching {path}"), String::new()),
            Step::Received(done, None) => self.0.set_message(HumanBytes(*done).to_string()),
            Step::Received(done, Some(all)) => {
                self.0.set_message(format!("{} of {}", HumanBytes(*done), HumanBytes(*all)));
            }
            Step::Reading(source) => self.say(format!("reading {source}"), String::new()),
            _ => self.say("writing the database".into(), String::new()),
        }
    }

    /// Removes the line.
    pub(super) fn end(&self) {
        self.0.finish_and_clear();
    }

    fn say(&self, what: String, more: String) {
        self.0.set_prefix(what);
        self.0.set_message(more);
    }
}

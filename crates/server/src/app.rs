//! What every part of the server shares.

use std::borrow::Cow;
use std::sync::Arc;

use crate::advisories::Advisories;
use crate::auth::Auth;
use crate::catalogue::{Counted, Fresh, Numbers};
use crate::error::Result;
use crate::health::Health;
use crate::intake::Intake;
use crate::jobs::{AtOnce, Gather};
use crate::metrics::Metrics;
use crate::notify::Web;
use crate::outward::Outward;
use crate::queue::bell::Bell;
use crate::queue::{NewJob, Queue};
use crate::registries::Paces;
use crate::store::Store;
use crate::store::blobs::Blobs;

/// Says something to whoever runs the server.
pub type Tell = Box<dyn Fn(&str) + Send + Sync>;

/// The server without its listeners.
pub struct App {
    /// What it knows.
    pub store: Store,
    /// Large things.
    pub blobs: Blobs,
    /// What is to be done.
    pub queue: Arc<dyn Queue>,
    /// Wakes workers.
    pub bell: Bell,
    /// Numbers of components.
    pub numbers: Numbers,
    /// Open findings of components.
    pub counted: Counted,
    /// Documents that were just read.
    pub fresh: Fresh,
    /// Bills of materials that need not wait for a worker.
    pub at_once: AtOnce,
    /// How long images wait to be posted together.
    pub gather: Gather,
    /// The advisories that are used now.
    pub advisories: Advisories,
    /// How images are read.
    pub reading: plimsoll_image::Options,
    /// How often registries are asked.
    pub paces: Paces,
    /// Where requests may go that clients make us send.
    pub outward: Outward,
    /// Takes runtime alerts.
    pub intake: Intake,
    /// How people outside are told.
    pub web: Web,
    /// Who may what.
    pub auth: Auth,
    /// What is not well.
    pub health: Health,
    /// What is counted.
    pub metrics: Metrics,
    /// Where the server says what happens.
    pub teller: Tell,
}

impl App {
    /// Adds a job and wakes a worker; gives its number and whether it is new.
    pub async fn push(&self, job: NewJob) -> Result<(i64, bool)> {
        let pushed = self.queue.push(job).await?;
        self.bell.ring().await;
        Ok(pushed)
    }

    /// Says something to whoever runs the server, in one line: names and answers of strangers are in it,
    /// and a line's end or an order to a terminal is neither.
    pub fn tell(&self, line: &str) {
        (self.teller)(&one_line(line));
    }

    /// Says something of our own that has several lines.
    pub(crate) fn tell_lines(&self, text: &str) {
        (self.teller)(text);
    }
}

/// A text without control characters, nor those that turn what follows around.
fn one_line(text: &str) -> Cow<'_, str> {
    let is_order = |it: char| {
        it.is_control() || matches!(it, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if text.contains(is_order) {
        Cow::Owned(text.replace(is_order, " "))
    } else {
        Cow::Borrowed(text)
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("store", &self.store).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_log_stays_one() {
        assert_eq!(one_line("job `a`: it failed"), "job `a`: it failed");
        assert_eq!(one_line("a\r\nb\u{1b}[2J\u{202e}c"), "a  b [2J c");
    }
}

//! What every part of the server shares.

use std::sync::Arc;

use crate::advisories::Advisories;
use crate::auth::Auth;
use crate::error::Result;
use crate::intake::Intake;
use crate::metrics::Metrics;
use crate::notify::Web;
use crate::outward::Outward;
use crate::queue::worker::Bell;
use crate::queue::{NewJob, Queue};
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
    /// Wakes workers of this process.
    pub bell: Bell,
    /// The advisories that are used now.
    pub advisories: Advisories,
    /// How images are read.
    pub reading: plimsoll_image::Options,
    /// Where requests may go that clients make us send.
    pub outward: Outward,
    /// Takes runtime alerts.
    pub intake: Intake,
    /// How people outside are told.
    pub web: Web,
    /// Who may what.
    pub auth: Auth,
    /// What is counted.
    pub metrics: Metrics,
    /// Where the server says what happens.
    pub teller: Tell,
}

impl App {
    /// Adds a job and wakes a worker; gives its number and whether it is new.
    pub async fn push(&self, job: NewJob) -> Result<(i64, bool)> {
        let pushed = self.queue.push(job).await?;
        self.bell.ring();
        Ok(pushed)
    }

    /// Says something to whoever runs the server.
    pub fn tell(&self, line: &str) {
        (self.teller)(line);
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("store", &self.store).finish_non_exhaustive()
    }
}

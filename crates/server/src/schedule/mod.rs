//! What happens by the clock, one file each.
//!
//! A new one is one file with a unit struct that implements [`Task`], and one line in [`ALL`]. Where
//! several servers share a store, each of them runs all tasks: a task pushes jobs, whose keys make them
//! one, or does what may be done twice.

mod access;
mod advisories;
mod alerts;
mod calls;
mod concerns;
pub mod cron;
mod decisions;
mod health;
mod measure;
mod notify;
mod registries;
mod retention;
mod summaries;
pub mod sweep;
mod tidy;

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::watch;

use crate::app::App;
use crate::error::Result;
use crate::panics::caught;

/// Something that happens by the clock.
#[async_trait]
pub trait Task: Send + Sync + std::fmt::Debug {
    /// What it is called.
    fn name(&self) -> &'static str;

    /// How long after it ended it happens again.
    fn pause(&self) -> Duration;

    /// The same after a run that took as long as that: what looks at everything does so more seldom
    /// where there is more of it.
    fn pause_after(&self, _took: Duration) -> Duration {
        self.pause()
    }

    /// Whether every server does it, or those alone that are schedulers.
    fn is_everywhere(&self) -> bool {
        false
    }

    /// Does it.
    async fn run(&self, app: &Arc<App>) -> Result<()>;
}

/// The registry.
pub const ALL: &[&dyn Task] = &[
    &access::Forget,
    &advisories::Follow,
    &alerts::Alerts,
    &calls::Calls,
    &concerns::ALERTS,
    &concerns::DEADLINES,
    &concerns::REGISTRIES,
    &decisions::Decisions,
    &health::Health,
    &measure::Measure,
    &notify::Notify,
    &registries::Watch,
    &retention::Forget,
    &summaries::Summaries,
    &sweep::Sweep,
    &tidy::Tidy,
];

/// Runs a task until `end` is true.
pub async fn run(app: Arc<App>, task: &'static dyn Task, mut end: watch::Receiver<bool>) {
    while !*end.borrow() {
        let began = Instant::now();
        if let Err(error) = caught(task.run(&app)).await {
            app.tell(&format!("{}: {error}", task.name()));
        }
        tokio::select! {
            () = tokio::time::sleep(task.pause_after(began.elapsed())) => {}
            _ = end.changed() => {}
        }
    }
}

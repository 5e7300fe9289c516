//! Forgets runtime alerts that are older than anybody wants to keep them, answers to requests that may
//! come again, and notifications of Clair.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Task;
use crate::api::REPEATS;
use crate::app::App;
use crate::error::Result;
use crate::intake::Retention;
use crate::moment::{Millis, now};
use crate::store::{alerts, clair, repeats};

/// How long clients of Clair may fetch what they were notified of; as with Clair itself.
const NOTIFICATIONS: Millis = 14 * 24 * 60 * 60 * 1000;

/// The task.
#[derive(Debug)]
pub(super) struct Forget;

#[async_trait]
impl Task for Forget {
    fn name(&self) -> &'static str {
        "retention"
    }

    fn pause(&self) -> Duration {
        Duration::from_mins(10)
    }

    async fn run(&self, app: &Arc<App>) -> Result<()> {
        let kept = Retention::load(&mut *app.store.read().await?).await?;
        let mut write = app.store.write().await?;
        repeats::forget(&mut write, now().saturating_sub(REPEATS)).await?;
        clair::forget(&mut write, now().saturating_sub(NOTIFICATIONS)).await?;
        let gone = match kept.before(now()) {
            Some(before) => alerts::forget(&mut write, before).await?,
            None => 0,
        };
        write.commit().await?;
        if gone > 0 {
            app.tell(&format!("runtime alerts: {gone} older than they are kept are gone"));
        }
        Ok(())
    }
}

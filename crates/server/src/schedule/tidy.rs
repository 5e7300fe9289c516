//! Buries jobs whose worker is silent, forgets those that ended long ago, and posts what was left.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Task;
use crate::app::App;
use crate::error::Result;
use crate::moment::{millis, now};
use crate::store::{Dialect, images};

/// How long a job that ended is kept.
const KEPT: Duration = Duration::from_hours(24 * 7);

/// The task.
#[derive(Debug)]
pub(super) struct Tidy;

#[async_trait]
impl Task for Tidy {
    fn name(&self) -> &'static str {
        "tidy"
    }

    fn pause(&self) -> Duration {
        Duration::from_mins(1)
    }

    async fn run(&self, app: &Arc<App>) -> Result<()> {
        app.queue.tidy(now().saturating_sub(millis(KEPT))).await?;
        let left = images::unposted(&mut *app.store.read().await?, Dialect::Sqlite, 1).await?;
        if !left.is_empty() {
            crate::jobs::post(app).await?;
        }
        Ok(())
    }
}

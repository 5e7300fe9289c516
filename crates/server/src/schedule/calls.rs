//! Sees to it that workers are called for every job that they could take: for what was put off until now,
//! for what a worker that was killed had, and for calls that were lost.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Task;
use crate::app::App;
use crate::error::Result;

/// The task.
#[derive(Debug)]
pub(super) struct Calls;

#[async_trait]
impl Task for Calls {
    fn name(&self) -> &'static str {
        "calls"
    }

    fn pause(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn run(&self, app: &Arc<App>) -> Result<()> {
        let Some(nats) = &app.bell.nats else {
            // Workers look for themselves.
            return Ok(());
        };
        let jobs = app.queue.ready().await?;
        if jobs > 0 {
            // Where it is away, health says so, and workers look for themselves.
            let _ = nats.fill(jobs).await;
        }
        Ok(())
    }
}

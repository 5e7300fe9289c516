//! Looks every few seconds whether somebody has to be told something.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Task;
use crate::app::App;
use crate::error::Result;
use crate::notify::round;
use crate::store::notifiers;

/// The task.
#[derive(Debug)]
pub(super) struct Notify;

#[async_trait]
impl Task for Notify {
    fn name(&self) -> &'static str {
        "notify"
    }

    fn pause(&self) -> Duration {
        Duration::from_secs(5)
    }

    async fn run(&self, app: &Arc<App>) -> Result<()> {
        let all = notifiers::all(&mut *app.store.read().await?).await?;
        for notifier in all {
            round(app, &notifier).await?;
        }
        Ok(())
    }
}

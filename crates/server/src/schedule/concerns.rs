//! Looks every now and then what stands that somebody has to be told, or is over.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Task;
use crate::app::App;
use crate::error::Result;
use crate::notify::concerns;
use crate::store::notifiers;

/// The task of one topic.
#[derive(Debug)]
pub(super) struct Tell {
    topic: &'static str,
    pause: Duration,
}

/// Each look counts the alerts of an hour.
pub(super) const ALERTS: Tell = Tell { topic: "alerts", pause: Duration::from_secs(15) };

/// Each look is at every open finding, and what it is about changes by the day.
pub(super) const DEADLINES: Tell = Tell { topic: "deadlines", pause: Duration::from_mins(10) };

/// A few rows.
pub(super) const REGISTRIES: Tell = Tell { topic: "registries", pause: Duration::from_secs(15) };

#[async_trait]
impl Task for Tell {
    fn name(&self) -> &'static str {
        self.topic
    }

    fn pause(&self) -> Duration {
        self.pause
    }

    async fn run(&self, app: &Arc<App>) -> Result<()> {
        let concern = concerns::concern(self.topic)?;
        let all = notifiers::all(&mut *app.store.read().await?).await?;
        for notifier in all {
            concerns::tell(app, &notifier, concern).await?;
        }
        Ok(())
    }
}

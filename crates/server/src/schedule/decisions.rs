//! A decision that ends by itself is told of: what it was about is to be mended again.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Task;
use crate::app::App;
use crate::error::Result;
use crate::moment::{Millis, now};
use crate::store::{settings, triage};

/// Up to when they were told of.
const TOLD: &str = "decisions.told";

/// The task.
#[derive(Debug)]
pub(super) struct Decisions;

#[async_trait]
impl Task for Decisions {
    fn name(&self) -> &'static str {
        "decisions"
    }

    fn pause(&self) -> Duration {
        Duration::from_secs(20)
    }

    async fn run(&self, app: &Arc<App>) -> Result<()> {
        let at = now();
        let mut read = app.store.read().await?;
        let told = settings::value(&mut read, TOLD).await?;
        let told: Option<Millis> = told.and_then(|it| it.parse().ok());
        let ended = match told {
            Some(told) => triage::ended(&mut read, told, at).await?,
            None => Vec::new(),
        };
        drop(read);
        if told.is_some() && ended.is_empty() {
            return Ok(());
        }
        let mut write = app.store.write().await?;
        for it in ended {
            triage::tell(&mut write, &it.weakness, &it.scope, "it ended").await?;
        }
        settings::set(&mut write, TOLD, &at.to_string()).await?;
        Ok(write.commit().await?)
    }
}

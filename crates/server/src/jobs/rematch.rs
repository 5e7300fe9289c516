//! Brings all findings to new advisories.

use std::sync::Arc;

use async_trait::async_trait;

use super::Handler;
use crate::app::App;
use crate::error::{Error, Result};
use crate::queue::{Job, NewJob};

const KIND: &str = "rematch";

/// The handler.
#[derive(Debug)]
pub(super) struct Rematch;

/// A job that brings all findings to these advisories.
pub fn rematch(edition: &str) -> NewJob {
    NewJob { priority: 50, attempts: 20, ..NewJob::new(KIND, edition, "{}") }
}

#[async_trait]
impl Handler for Rematch {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, app: &Arc<App>, job: &Job) -> Result<()> {
        crate::rematch::is_current(app, &job.key)?;
        let began = std::time::Instant::now();
        let outcome = crate::rematch::run(app).await?;
        app.metrics.rematched(&outcome, began.elapsed());
        let result = serde_json::to_string(&outcome).map_err(|_| Error::Damaged("an outcome"))?;
        let mut write = app.store.write().await?;
        app.queue.complete(&mut write, job, &result).await?;
        write.commit().await?;
        Ok(())
    }
}

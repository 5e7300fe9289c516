//! Looks up what the estate is like, for whoever scrapes or looks at a page.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Task;
use crate::app::App;
use crate::error::Result;
use crate::store::estate::Figures;

/// The task.
#[derive(Debug)]
pub(super) struct Measure;

#[async_trait]
impl Task for Measure {
    fn name(&self) -> &'static str {
        "measure"
    }

    fn pause(&self) -> Duration {
        Duration::from_secs(30)
    }

    fn pause_after(&self, took: Duration) -> Duration {
        self.pause().max(took.saturating_mul(20))
    }

    async fn run(&self, app: &Arc<App>) -> Result<()> {
        app.metrics.measure(app).await?;
        Figures::ensure(&app.store).await
    }
}

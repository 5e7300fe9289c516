//! Keeps what lists of images are sorted by as new as images and findings are.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Task;
use crate::app::App;
use crate::error::Result;
use crate::store::summaries;

/// The task.
#[derive(Debug)]
pub(super) struct Summaries;

#[async_trait]
impl Task for Summaries {
    fn name(&self) -> &'static str {
        "summaries"
    }

    fn pause(&self) -> Duration {
        Duration::from_secs(2)
    }

    async fn run(&self, app: &Arc<App>) -> Result<()> {
        summaries::refresh(app).await.map(|_| ())
    }
}

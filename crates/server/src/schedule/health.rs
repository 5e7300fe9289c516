//! Looks whether what the server stands on is well.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Task;
use crate::app::App;
use crate::error::Result;
use crate::health;

/// The task.
#[derive(Debug)]
pub(super) struct Health;

#[async_trait]
impl Task for Health {
    fn name(&self) -> &'static str {
        "health"
    }

    fn pause(&self) -> Duration {
        Duration::from_secs(5)
    }

    fn is_everywhere(&self) -> bool {
        true
    }

    async fn run(&self, app: &Arc<App>) -> Result<()> {
        Box::pin(health::look(app)).await;
        Ok(())
    }
}

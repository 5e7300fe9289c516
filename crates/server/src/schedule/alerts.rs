//! Brings alerts from the spool into the store.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Task;
use crate::app::App;
use crate::error::Result;
use crate::intake;

/// How long the spool is waited for.
const WAIT: Duration = Duration::from_secs(1);

/// The task.
#[derive(Debug)]
pub(super) struct Alerts;

#[async_trait]
impl Task for Alerts {
    fn name(&self) -> &'static str {
        "alerts"
    }

    fn pause(&self) -> Duration {
        // So that a few of them become a batch.
        Duration::from_millis(250)
    }

    fn is_everywhere(&self) -> bool {
        true
    }

    async fn run(&self, app: &Arc<App>) -> Result<()> {
        match intake::drain(app).await {
            Ok(0) => {
                let _ = tokio::time::timeout(WAIT, app.intake.spool.news()).await;
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(error) => {
                // A store that is away is not asked all the time.
                tokio::time::sleep(WAIT * 2).await;
                Err(error)
            }
        }
    }
}

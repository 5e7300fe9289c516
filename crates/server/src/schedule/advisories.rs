//! Looks whether the compiled advisories are others, and sees to it that findings follow.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Task;
use crate::app::App;
use crate::error::Result;
use crate::rematch;

/// The task.
#[derive(Debug)]
pub(super) struct Follow;

#[async_trait]
impl Task for Follow {
    fn name(&self) -> &'static str {
        "advisories"
    }

    fn pause(&self) -> Duration {
        Duration::from_secs(2)
    }

    fn is_everywhere(&self) -> bool {
        true
    }

    async fn run(&self, app: &Arc<App>) -> Result<()> {
        let handle = Arc::clone(app);
        if tokio::task::spawn_blocking(move || handle.advisories.refresh()).await?? {
            app.tell(&format!("advisories: edition {}", app.advisories.current().edition));
            rematch::ensure(app).await?;
        }
        Ok(())
    }
}

//! Forgets sessions and sign-ins that are over.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Task;
use crate::app::App;
use crate::auth;
use crate::error::Result;

/// The task.
#[derive(Debug)]
pub(super) struct Forget;

#[async_trait]
impl Task for Forget {
    fn name(&self) -> &'static str {
        "access"
    }

    fn pause(&self) -> Duration {
        Duration::from_mins(10)
    }

    async fn run(&self, app: &Arc<App>) -> Result<()> {
        auth::forget(&app.store).await
    }
}

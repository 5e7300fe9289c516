//! Looks at a registry that is watched.

use std::sync::Arc;

use async_trait::async_trait;

use super::Handler;
use crate::app::App;
use crate::error::{Error, Result};
use crate::queue::{Job, NewJob};
use crate::registries;
use crate::store::registries as stored;

const KIND: &str = "registry";

/// The handler.
#[derive(Debug)]
pub(super) struct Registry;

/// A job that looks at a registry; one at a time.
pub fn registry(id: i64) -> NewJob {
    NewJob { priority: 10, attempts: 3, ..NewJob::new(KIND, id.to_string(), "{}") }
}

#[async_trait]
impl Handler for Registry {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, app: &Arc<App>, job: &Job) -> Result<()> {
        let gone = || Error::Refused("the registry is watched no more".into());
        let id: i64 = job.key.parse().map_err(|_| gone())?;
        let registry = stored::by_id(&mut *app.store.read().await?, id).await?;
        let registry = registry.ok_or_else(gone)?;
        let outcome = registries::run(app, &registry, job).await?;
        for problem in outcome.problems.iter().take(3) {
            app.tell(&format!("registry `{}`: {problem}", registry.name));
        }
        Ok(())
    }
}

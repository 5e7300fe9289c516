//! Writes which images have which component.

use std::sync::Arc;

use async_trait::async_trait;

use super::Handler;
use crate::app::App;
use crate::catalogue;
use crate::error::Result;
use crate::moment::Millis;
use crate::queue::{Job, NewJob};

const KIND: &str = "post";

/// The handler.
#[derive(Debug)]
pub(super) struct Post;

/// How long an image waits for others: what a posting costs is nearly the same for one as for hundreds.
const GATHER: Millis = 2_000;

/// A job that posts all images which are not posted yet, with those that come in the next two seconds.
pub fn post() -> NewJob {
    let job = NewJob::new(KIND, "all", "{}");
    NewJob { priority: 100, due: job.due + GATHER, ..job }
}

#[async_trait]
impl Handler for Post {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, app: &Arc<App>, job: &Job) -> Result<()> {
        let images = catalogue::post::post(&app.store).await?;
        let mut write = app.store.write().await?;
        app.queue.complete(&mut write, job, &format!("{{\"images\":{images}}}")).await?;
        write.commit().await?;
        // What came in while this job was ending saw that it had not ended, and pushed none.
        catalogue::post::post(&app.store).await?;
        Ok(())
    }
}

//! Writes which images have which component.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;

use super::Handler;
use crate::app::App;
use crate::catalogue;
use crate::error::Result;
use crate::moment::{Millis, millis};
use crate::queue::{Job, NewJob};

const KIND: &str = "post";

/// The handler.
#[derive(Debug)]
pub(super) struct Post;

/// How long an image waits for others at least: what a posting costs is nearly the same for one as for
/// hundreds.
const LEAST: Millis = 2_000;

/// How long at most.
const MOST: Millis = 20_000;

/// How long images wait for others: five times as long as posting them took last, so that while many
/// come in most of the time is for taking them in.
#[derive(Debug, Default)]
pub struct Gather(AtomicI64);

impl Gather {
    fn time(&self) -> Millis {
        self.0.load(Ordering::Relaxed).saturating_mul(5).clamp(LEAST, MOST)
    }

    fn took(&self, time: Duration) {
        self.0.store(millis(time), Ordering::Relaxed);
    }
}

/// A job that posts all images which are not posted yet, with those that come in the next seconds.
pub fn post(app: &App) -> NewJob {
    let job = NewJob::new(KIND, "all", "{}");
    NewJob { priority: 100, due: job.due + app.gather.time(), ..job }
}

#[async_trait]
impl Handler for Post {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, app: &Arc<App>, job: &Job) -> Result<()> {
        let began = Instant::now();
        let images = catalogue::post::post(&app.store).await?;
        app.gather.took(began.elapsed());
        let mut write = app.store.write().await?;
        app.queue.complete(&mut write, job, &format!("{{\"images\":{images}}}")).await?;
        write.commit().await?;
        // What came in while this job was ending saw that it had not ended, and pushed none.
        catalogue::post::post(&app.store).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_wait_for_others_the_longer_the_longer_it_takes() {
        let gather = Gather::default();
        assert_eq!(gather.time(), LEAST);
        gather.took(Duration::from_secs(1));
        assert_eq!(gather.time(), 5_000);
        gather.took(Duration::from_mins(1));
        assert_eq!(gather.time(), MOST);
    }
}

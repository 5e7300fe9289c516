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
pub struct Gather {
    took: AtomicI64,
    due: AtomicI64,
}

impl Gather {
    fn time(&self) -> Millis {
        self.took.load(Ordering::Relaxed).saturating_mul(5).clamp(LEAST, MOST)
    }

    fn took(&self, time: Duration) {
        self.took.store(millis(time), Ordering::Relaxed);
    }

    /// Whether a job that posts is put off until later than `at`.
    fn is_put_off(&self, at: Millis) -> bool {
        let due = self.due.load(Ordering::Relaxed);
        // Where it is further away than it is ever put, a clock was set back.
        at < due && due <= at.saturating_add(MOST)
    }
}

/// Sees to it that all images which are stored by now are posted, with those of the next seconds.
///
/// # Errors
/// Those of the store.
pub async fn post(app: &App) -> Result<()> {
    let job = NewJob::new(KIND, "all", "{}");
    if app.gather.is_put_off(job.due) {
        return Ok(());
    }
    let due = job.due + app.gather.time();
    let (_, is_new) = app.push(NewJob { priority: 100, due, ..job }).await?;
    if is_new {
        app.gather.due.store(due, Ordering::Relaxed);
    }
    Ok(())
}

#[async_trait]
impl Handler for Post {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, app: &Arc<App>, job: &Job) -> Result<()> {
        let began = Instant::now();
        let images = catalogue::post::post(app).await?;
        app.gather.took(began.elapsed());
        let mut write = app.store.write().await?;
        app.queue.complete(&mut write, job, &format!("{{\"images\":{images}}}")).await?;
        write.commit().await?;
        // What came in while this job was ending saw that it had not ended, and pushed none.
        catalogue::post::post(app).await?;
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

    #[test]
    fn a_posting_is_asked_for_once_until_it_is_due() {
        let gather = Gather::default();
        assert!(!gather.is_put_off(1_000_000));
        gather.due.store(1_002_000, Ordering::Relaxed);
        assert!(gather.is_put_off(1_000_000) && gather.is_put_off(1_001_999));
        assert!(!gather.is_put_off(1_002_000));
        assert!(!gather.is_put_off(500_000), "the clock was set back");
    }
}

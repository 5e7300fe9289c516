//! The queue as a table of the store.

use async_trait::async_trait;

use super::{Depth, Job, NewJob, Queue, State, Status, Verdict, delay};
use crate::error::{Error, Result};
use crate::moment::{Millis, now};
use crate::store::{Connection, Store, hosts, jobs};

/// How much of an error is kept.
const LONGEST: usize = 2_000;

/// How long a job is put off at least that was not to blame.
const PUT_OFF: Millis = 3_000;

/// Jobs in the store.
#[derive(Debug, Clone)]
pub struct Table {
    store: Store,
}

impl Table {
    /// The queue of a store.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

#[async_trait]
impl Queue for Table {
    async fn push(&self, job: NewJob) -> Result<(i64, bool)> {
        let mut write = self.store.write().await?;
        let pushed = self.push_in(&mut write, &job).await?;
        write.commit().await?;
        Ok(pushed)
    }

    async fn push_in(&self, connection: &mut Connection, job: &NewJob) -> Result<(i64, bool)> {
        jobs::push(connection, job).await
    }

    async fn claim(&self, kinds: &[&str], worker: &str, lease: Millis) -> Result<Option<Job>> {
        let dialect = self.store.dialect();
        let mut passed = Vec::new();
        loop {
            let mut write = self.store.write().await?;
            let mut busy = hosts::busy(&mut write).await?;
            busy.extend_from_slice(&passed);
            let until = now().saturating_add(lease);
            let job = jobs::claim(&mut write, dialect, kinds, worker, until, &busy).await?;
            if let Some(job) = &job
                && hosts::is_one_too_many(&mut write, dialect, &job.host).await?
            {
                // Without a commit, it was never taken.
                passed.push(job.host.clone());
                continue;
            }
            write.commit().await?;
            return Ok(job);
        }
    }

    async fn take_in(&self, connection: &mut Connection, id: i64, worker: &str) -> Result<Job> {
        jobs::take(connection, id, worker).await?.ok_or(Error::Taken(id))
    }

    async fn extend(&self, job: &Job, lease: Millis) -> Result<bool> {
        let mut write = self.store.write().await?;
        let is_ours = jobs::extend(&mut write, job, now().saturating_add(lease)).await?;
        write.commit().await?;
        Ok(is_ours)
    }

    async fn complete(&self, connection: &mut Connection, job: &Job, result: &str) -> Result<()> {
        if jobs::finish(connection, job, State::Done, "", result).await? {
            Ok(())
        } else {
            Err(Error::Taken(job.id))
        }
    }

    async fn fail(&self, job: &Job, why: &str, for_good: bool) -> Result<Verdict> {
        let why: String = why.chars().take(LONGEST).collect();
        let mut write = self.store.write().await?;
        let verdict = if for_good || job.attempt >= job.attempts {
            jobs::finish(&mut write, job, State::Dead, &why, "").await?;
            Verdict::Buried
        } else {
            let due = now().saturating_add(delay(job.attempt));
            jobs::put_back(&mut write, job, due, &why, true).await?;
            Verdict::Again
        };
        write.commit().await?;
        Ok(verdict)
    }

    async fn postpone(&self, job: &Job, why: &str) -> Result<()> {
        let why: String = why.chars().take(LONGEST).collect();
        let due = now().saturating_add(PUT_OFF + delay(1));
        let mut write = self.store.write().await?;
        jobs::put_back(&mut write, job, due, &why, false).await?;
        write.commit().await?;
        Ok(())
    }

    async fn release(&self, job: &Job) -> Result<()> {
        let mut write = self.store.write().await?;
        jobs::release(&mut write, job).await?;
        write.commit().await?;
        Ok(())
    }

    async fn cancel(&self, id: i64) -> Result<bool> {
        let mut write = self.store.write().await?;
        let is_cancelled = jobs::cancel(&mut write, id).await?;
        write.commit().await?;
        Ok(is_cancelled)
    }

    async fn status(&self, id: i64) -> Result<Option<Status>> {
        jobs::by_id(&mut *self.store.read().await?, id).await
    }

    async fn ready(&self) -> Result<u64> {
        let ready = jobs::ready(&mut *self.store.read().await?).await?;
        Ok(u64::try_from(ready).unwrap_or(0))
    }

    async fn depth(&self) -> Result<Vec<Depth>> {
        let depth = jobs::depth(&mut *self.store.read().await?).await?;
        Ok(depth.into_iter().map(|(kind, jobs, oldest)| Depth { kind, jobs, oldest }).collect())
    }

    async fn tidy(&self, before: Millis) -> Result<()> {
        let mut write = self.store.write().await?;
        jobs::bury(&mut write).await?;
        jobs::forget(&mut write, before).await?;
        write.commit().await?;
        Ok(())
    }
}

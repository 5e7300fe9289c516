//! Work that outlives the process: jobs wait in a queue, and a worker that is killed loses none.
//!
//! A worker has a job on a lease and gives signs of life ([`worker`]). A job whose worker is silent is
//! taken again by another, under the next attempt; whoever had it before can neither extend nor end it
//! any more, because both ask for the attempt. What a job writes and that it is done are one
//! transaction ([`Queue::complete`]), so that there is exactly one result.
//!
//! The jobs are rows of the store, whatever wakes workers: a [`bell`] in the process, or JetStream of
//! [NATS](nats) across processes. A message that is lost, doubled or late costs time and no job.

mod backoff;
pub mod bell;
pub mod nats;
mod table;
pub mod worker;

use async_trait::async_trait;

use crate::error::Result;
use crate::moment::{Millis, now};
use crate::store::Connection;

pub use backoff::delay;
pub use table::Table;

/// A job to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// Which handler does it.
    pub kind: String,
    /// Two jobs of one kind and key are one, as long as the first has not ended.
    pub key: String,
    /// What the handler needs, as JSON.
    pub payload: String,
    /// Higher goes first.
    pub priority: i64,
    /// How often it is tried.
    pub attempts: i64,
    /// Not before.
    pub due: Millis,
    /// The registry that it reads from, of which no more than so many are done at a time; empty where
    /// it reads from none.
    pub host: String,
}

impl NewJob {
    /// A job of ordinary priority, due at once.
    pub fn new(kind: &str, key: impl Into<String>, payload: impl Into<String>) -> Self {
        Self {
            kind: kind.to_owned(),
            key: key.into(),
            payload: payload.into(),
            priority: 0,
            attempts: 5,
            due: now(),
            host: String::new(),
        }
    }
}

/// A job that a worker has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its number.
    pub id: i64,
    /// Which handler does it.
    pub kind: String,
    /// See [`NewJob::key`].
    pub key: String,
    /// See [`NewJob::payload`].
    pub payload: String,
    /// The how-manieth attempt this is, from 1.
    pub attempt: i64,
    /// How many there are at most.
    pub attempts: i64,
    /// Since when it has been waiting.
    pub created: Millis,
    /// See [`NewJob::host`].
    pub host: String,
}

/// How a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It waits for a worker, for the first time or after a failure.
    Waiting,
    /// A worker has it.
    Running,
    /// It has a result.
    Done,
    /// All attempts failed.
    Dead,
    /// Somebody did not want it any more.
    Cancelled,
}

impl State {
    /// In the store.
    pub fn number(self) -> i64 {
        match self {
            Self::Waiting => 0,
            Self::Running => 1,
            Self::Done => 2,
            Self::Dead => 3,
            Self::Cancelled => 4,
        }
    }

    /// The inverse; what is not known has ended badly.
    pub fn of(number: i64) -> Self {
        match number {
            0 => Self::Waiting,
            1 => Self::Running,
            2 => Self::Done,
            4 => Self::Cancelled,
            _ => Self::Dead,
        }
    }

    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Waiting, Self::Running, Self::Done, Self::Dead, Self::Cancelled];

    /// By its word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == word)
    }

    /// In a word, as the API has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Dead => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A job and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The job.
    pub job: Job,
    /// How it stands.
    pub state: State,
    /// When it ended.
    pub finished: Option<Millis>,
    /// What went wrong last.
    pub error: String,
    /// What came of it, as JSON.
    pub result: String,
}

/// How many jobs wait or run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Depth {
    /// Kind of the jobs.
    pub kind: String,
    /// How many.
    pub jobs: i64,
    /// Since when the oldest has been waiting.
    pub oldest: Millis,
}

/// What came of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It will be tried again.
    Again,
    /// It will not.
    Buried,
}

/// A durable queue. [`Table`] is one.
#[async_trait]
pub trait Queue: Send + Sync + std::fmt::Debug {
    /// Adds a job, and gives its number; where one of the same kind and key has not ended, that one's,
    /// and `false`.
    async fn push(&self, job: NewJob) -> Result<(i64, bool)>;

    /// The same in a transaction of somebody who writes more, and who wakes the workers once it is
    /// committed.
    async fn push_in(&self, connection: &mut Connection, job: &NewJob) -> Result<(i64, bool)>;

    /// The most urgent job of these kinds that is due, for as long as `lease` without a sign of life.
    /// Jobs of a registry of which enough are being done wait.
    async fn claim(&self, kinds: &[&str], worker: &str, lease: Millis) -> Result<Option<Job>>;

    /// Takes a job that waits, in the transaction that has added it and ends it.
    ///
    /// # Errors
    /// [`crate::Error::Taken`] where somebody else has it.
    async fn take_in(&self, connection: &mut Connection, id: i64, worker: &str) -> Result<Job>;

    /// A sign of life. `false` where the job is somebody else's by now, or cancelled.
    async fn extend(&self, job: &Job, lease: Millis) -> Result<bool>;

    /// Ends a job in the transaction that writes its result.
    ///
    /// # Errors
    /// [`crate::Error::Taken`] where the job is somebody else's by now: the transaction must not be
    /// committed.
    async fn complete(&self, connection: &mut Connection, job: &Job, result: &str) -> Result<()>;

    /// A job failed: it is put back with a pause that grows, or buried after its last attempt or where
    /// `for_good`.
    async fn fail(&self, job: &Job, why: &str, for_good: bool) -> Result<Verdict>;

    /// Puts a job off without counting the attempt: the store, the blobs or the advisories were not as
    /// they have to be, which is not the job's fault.
    async fn postpone(&self, job: &Job, why: &str) -> Result<()>;

    /// Gives a job back untouched: its worker is leaving.
    async fn release(&self, job: &Job) -> Result<()>;

    /// Cancels a job; `false` where it has ended, or there is none.
    async fn cancel(&self, id: i64) -> Result<bool>;

    /// How a job stands.
    async fn status(&self, id: i64) -> Result<Option<Status>>;

    /// How many jobs a worker could take now.
    async fn ready(&self) -> Result<u64>;

    /// How many jobs there are to be done.
    async fn depth(&self) -> Result<Vec<Depth>>;

    /// Buries jobs whose last worker is silent, and forgets those that ended before `before`.
    async fn tidy(&self, before: Millis) -> Result<()>;
}

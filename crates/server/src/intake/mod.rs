//! Runtime alerts on their way into the store.
//!
//! ```text
//! request → checked lines → spool on disk → batches → store
//! ```
//! Whoever is told that an alert was accepted may forget it: by then it is on disk, written together
//! with the others that came at the same time. Where the spool had been read to is written in the
//! transaction that stores what was read, so that each alert is stored once, whatever ends in between.

mod admitted;
mod audit;
mod counts;
mod drain;
mod line;
mod retention;
mod spool;

use std::path::Path;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::error::{Error, Result};

pub use admitted::{Admitted, admitted};
pub use audit::{Auditor, RULES as AUDIT_RULES};
pub use counts::Counts;
pub use drain::drain;
pub use line::{Accepted, Alert, PRIORITIES, accept};
pub use retention::Retention;
pub use spool::Spool;

/// The largest body of a request with alerts.
pub const MAX_BODY: usize = 8 << 20;

/// Bytes of all bodies that are looked at at one time.
const MAX_IN_FLIGHT: usize = 8 * MAX_BODY;

/// How long a request waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// Takes alerts.
#[derive(Debug)]
pub struct Intake {
    /// Where they wait.
    pub spool: Spool,
    in_flight: Semaphore,
}

impl Intake {
    /// With a spool in a folder, which is made.
    pub fn open(folder: &Path) -> Result<Self> {
        Ok(Self { spool: Spool::open(folder)?, in_flight: Semaphore::new(MAX_IN_FLIGHT) })
    }

    /// The folder of the spool.
    pub fn folder(&self) -> &Path {
        self.spool.folder()
    }

    /// Waits until a body of this size may be read; `None` where there is too much already.
    pub async fn turn(&self, bytes: usize) -> Option<SemaphorePermit<'_>> {
        let bytes = u32::try_from(bytes.clamp(1, MAX_BODY)).unwrap_or(u32::MAX);
        let turn = tokio::time::timeout(PATIENCE, self.in_flight.acquire_many(bytes));
        turn.await.ok()?.ok()
    }

    /// Writes lines down; they are on disk when this returns.
    pub async fn take(&self, lines: Vec<u8>) -> Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        self.spool.append(lines).await.map_err(Error::Spool)
    }
}

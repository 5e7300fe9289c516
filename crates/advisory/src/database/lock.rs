//! One process at a time replaces a database.
//!
//! The system frees the lock of a process that ends, however it ends; what stands in the file
//! says only who to name.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use plimsoll_model::Timestamp;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::DatabaseError;

const NAME: &str = "update.lock";
const POLL: Duration = Duration::from_millis(100);

/// Held while a database is replaced.
#[derive(Debug)]
pub(super) struct Lock {
    /// Closed, and thereby unlocked, when this is dropped.
    _file: File,
}

impl Lock {
    /// Takes the lock of a folder, which is created; waits for whoever has it.
    pub(super) fn take(
        folder: &Path,
        patience: Duration,
        now: Timestamp,
    ) -> Result<Self, DatabaseError> {
        let path = folder.join(NAME);
        let io = |source| DatabaseError::Io { action: "lock", path: path.clone(), source };
        fs::create_dir_all(folder).map_err(io)?;
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .write(true)
            .truncate(false)
            .open(&path)
            .map_err(io)?;
        let started = Instant::now();
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => break,
                Err(Errno::WOULDBLOCK) if started.elapsed() < patience => {
                    std::thread::sleep(POLL.min(patience));
                }
                Err(Errno::WOULDBLOCK) => {
                    return Err(DatabaseError::Locked { holder: holder(&mut file) });
                }
                Err(error) => return Err(io(error.into())),
            }
        }
        let name = format!("process {} since {now}\n", std::process::id());
        let written = file.set_len(0).and_then(|()| file.rewind());
        written.and_then(|()| file.write_all(name.as_bytes())).map_err(io)?;
        Ok(Self { _file: file })
    }
}

fn holder(file: &mut File) -> String {
    const LONGEST: u64 = 100;
    let mut bytes = Vec::new();
    let said = file.rewind().and_then(|()| file.take(LONGEST).read_to_end(&mut bytes));
    let text = String::from_utf8_lossy(&bytes).trim().escape_debug().to_string();
    if said.is_err() || text.is_empty() { "another process".into() } else { text }
}

//! A database on its way to a machine without a network, and back into place there.

use std::fs;
use std::path::Path;
use std::time::Duration;

use plimsoll_model::Timestamp;

use super::lock::Lock;
use super::{Database, DatabaseError, replace};

/// Copies the database into a file, after checking every byte of it.
pub fn export(database: &Path, to: &Path) -> Result<(), DatabaseError> {
    replace::write(to, &checked(database)?)
}

/// Takes a file for the database, after checking every byte of it. The present one stays where
/// the file is damaged, or another update is running.
pub fn import(from: &Path, database: &Path, now: Timestamp) -> Result<(), DatabaseError> {
    let bytes = checked(from)?;
    let folder = replace::folder(database);
    let _lock = Lock::take(folder, Duration::ZERO, now)?;
    replace::clean(folder)?;
    replace::write(database, &bytes)
}

fn checked(path: &Path) -> Result<Vec<u8>, DatabaseError> {
    // Read, not mapped: what is written is then what was checked, whatever becomes of the file.
    let bytes = fs::read(path).map_err(|source| DatabaseError::Io {
        action: "open",
        path: path.into(),
        source,
    })?;
    let database = Database::from_bytes(bytes)?;
    database.verify()?;
    Ok(database.bytes.to_vec())
}

//! The bytes of a database: a file mapped into memory, or owned.
//!
//! The only place with `unsafe` code outside the sensor.
#![allow(unsafe_code, reason = "a mapping can be made in no other way")]

use std::fs::File;
use std::ops::Deref;
use std::path::Path;

use super::DatabaseError;

/// Where the bytes are.
#[derive(Debug)]
pub(super) enum Bytes {
    Mapped(memmap2::Mmap),
    Owned(Vec<u8>),
}

impl Bytes {
    /// Maps a file.
    pub(super) fn map(path: &Path) -> Result<Self, DatabaseError> {
        let failed = |source| DatabaseError::Io { action: "open", path: path.into(), source };
        let file = File::open(path).map_err(failed)?;
        if !file.metadata().map_err(failed)?.is_file() {
            return Err(DatabaseError::NotADatabase);
        }
        // SAFETY: the mapping is read-only, and the file is never changed in place: it is written
        // under another name and renamed over the old one, whose inode lives as long as this
        // mapping. Every read of it is bounds-checked and takes no byte for valid. Somebody who
        // cuts the file by hand while it is mapped ends the process with SIGBUS.
        let map = unsafe { memmap2::Mmap::map(&file) };
        map.map(Self::Mapped).map_err(failed)
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Owned(bytes) => bytes,
        }
    }
}

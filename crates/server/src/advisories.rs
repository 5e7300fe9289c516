//! The compiled advisories that are used now, which may be replaced while the server runs.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use plimsoll_advisory::database::Database;

use crate::error::Result;

/// Advisories that stay the same as long as somebody has them.
#[derive(Debug)]
pub struct Current {
    /// All advisories.
    pub database: Database,
    /// What they are called: the same wherever they say the same.
    pub edition: String,
}

/// The compiled advisories in a file.
#[derive(Debug)]
pub struct Advisories {
    path: PathBuf,
    current: RwLock<(Arc<Current>, Option<Mark>)>,
}

/// By which a file that was replaced is told from the one of before.
type Mark = (SystemTime, u64, u64);

impl Advisories {
    /// Opens a file; where there is none, the starter set is there until there is.
    pub fn open(path: &Path) -> Result<Self> {
        let mark = mark(path);
        Ok(Self { path: path.into(), current: RwLock::new((load(path)?, mark)) })
    }

    /// What is used now.
    pub fn current(&self) -> Arc<Current> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner).0)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Looks whether the file is another one, and says whether other advisories are there now. What
    /// cannot be opened leaves those of before.
    pub fn refresh(&self) -> Result<bool> {
        let mark = mark(&self.path);
        let known = self.current.read().unwrap_or_else(PoisonError::into_inner).1;
        if mark == known || mark.is_none() {
            return Ok(false);
        }
        let loaded = load(&self.path);
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        current.1 = mark;
        let loaded = loaded?;
        let is_other = loaded.edition != current.0.edition;
        current.0 = loaded;
        Ok(is_other)
    }
}

fn load(path: &Path) -> Result<Arc<Current>> {
    let database = Database::open_or_starter(path)?;
    let edition = database.edition();
    Ok(Arc::new(Current { database, edition }))
}

fn mark(path: &Path) -> Option<Mark> {
    let metadata = std::fs::metadata(path).ok()?;
    let inode = std::os::unix::fs::MetadataExt::ino(&metadata);
    Some((metadata.modified().ok()?, metadata.len(), inode))
}

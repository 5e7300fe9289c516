//! The compiled advisories that are used now, which may be replaced while the server runs.
//!
//! Findings only ever follow newer ones: a mirror that hands out yesterday's file, or a file that is
//! gone, would take findings away that stand.

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
    /// When they were compiled, in seconds since 1970; the starter set is older than any other.
    pub compiled: Option<i64>,
}

impl Current {
    /// Whether these are older than others, of which this is known.
    pub fn is_older(&self, edition: &str, compiled: Option<i64>) -> bool {
        self.edition != edition
            && matches!((self.compiled, compiled), (Some(own), Some(other)) if own < other)
    }
}

/// Why the file is not what is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It is gone.
    Missing,
    /// It cannot be opened.
    Damaged(String),
    /// What it has is older than what is used.
    Older,
}

/// The compiled advisories in a file.
#[derive(Debug)]
pub struct Advisories {
    path: PathBuf,
    accepts_older: bool,
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    current: Arc<Current>,
    mark: Option<Mark>,
    trouble: Option<Trouble>,
}

/// By which a file that was replaced is told from the one of before.
type Mark = (SystemTime, u64, u64);

impl Advisories {
    /// Opens a file; where there is none, the starter set is there until there is.
    pub fn open(path: &Path, accepts_older: bool) -> Result<Self> {
        let mark = mark(path);
        let state = State { current: load(path)?, mark, trouble: None };
        Ok(Self { path: path.into(), accepts_older, state: RwLock::new(state) })
    }

    /// What is used now.
    pub fn current(&self) -> Arc<Current> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner).current)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether findings follow older ones, too.
    pub fn accepts_older(&self) -> bool {
        self.accepts_older
    }

    /// Why the file is not what is used.
    pub fn trouble(&self) -> Option<Trouble> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).trouble.clone()
    }

    /// Looks whether the file is another one, and says whether other advisories are there now. What
    /// cannot be opened, and what is older, leaves those of before.
    pub fn refresh(&self) -> Result<bool> {
        let mark = mark(&self.path);
        let known = self.state.read().unwrap_or_else(PoisonError::into_inner).mark;
        if mark.is_none() && known.is_some() {
            let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
            state.trouble = Some(Trouble::Missing);
            state.mark = None;
        }
        if mark == known || mark.is_none() {
            return Ok(false);
        }
        let loaded = load(&self.path);
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.mark = mark;
        let loaded = match loaded {
            Ok(loaded) => loaded,
            Err(error) => {
                state.trouble = Some(Trouble::Damaged(error.to_string()));
                return Err(error);
            }
        };
        let before = &state.current;
        if !self.accepts_older && loaded.is_older(&before.edition, before.compiled) {
            state.trouble = Some(Trouble::Older);
            return Ok(false);
        }
        let is_other = loaded.edition != before.edition;
        state.current = loaded;
        state.trouble = None;
        Ok(is_other)
    }
}

fn load(path: &Path) -> Result<Arc<Current>> {
    let database = Database::open_or_starter(path)?;
    let edition = database.edition();
    let data = database.data();
    let compiled =
        if data.starter { Some(0) } else { data.compiled.map(plimsoll_model::Timestamp::as_unix) };
    Ok(Arc::new(Current { database, edition, compiled }))
}

fn mark(path: &Path) -> Option<Mark> {
    let metadata = std::fs::metadata(path).ok()?;
    let inode = std::os::unix::fs::MetadataExt::ino(&metadata);
    Some((metadata.modified().ok()?, metadata.len(), inode))
}

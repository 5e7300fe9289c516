//! Feeds in their publishers' formats.
//!
//! A feed says which files it consists of ([`Feed::sources`]) and reads them ([`Feed::read`]); it
//! never looks where they come from. A record that makes no sense is left out and named, the
//! rest of the feed is kept.
//!
//! A new feed is one file here and one line in [`ALL`].

mod alpine_secdb;
mod archive;
mod debian_tracker;
mod download;
mod endoflife;
mod epss;
mod error;
mod intake;
mod kev;
mod mirror;
mod osv;
mod rating;
mod starter;

use std::fmt::{Debug, Display};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

pub use download::{FetchError, Patience};
pub use error::FeedError;
pub use intake::{FeedReport, Intake, Rejected};
pub use mirror::Mirror;
pub use osv::record as osv_record;
pub use starter::{FEED as STARTER, starter};

pub(crate) use download::Downloads;
pub(crate) use mirror::Fetched;

/// The registry of feeds, in the order of reading.
pub const ALL: &[&dyn Feed] = &[
    &osv::Osv,
    &alpine_secdb::AlpineSecdb,
    &debian_tracker::DebianTracker,
    &kev::Kev,
    &epss::Epss,
    &endoflife::EndOfLife,
];

/// A publisher of advisories, or of facts beside them.
pub trait Feed: Debug + Sync {
    /// What it consists of: each source is read by itself and has its own figures.
    fn sources(&self) -> Vec<Source>;

    /// Reads the files of a source that are there. An error means that nothing came of it.
    fn read(&self, files: &[FeedFile], intake: &mut Intake<'_>) -> Result<(), FeedError>;
}

/// A part of a feed with a name of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Name in figures and findings: `osv/PyPI`, `kev`.
    pub name: String,
    /// Its files.
    pub parts: Vec<Part>,
}

/// A file of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Path in a mirror.
    pub path: String,
    /// Where its publisher serves it.
    pub url: String,
    /// For files numbered without a known end: asking ends where several in a row are missing.
    pub probe: bool,
}

impl Source {
    /// A source of one file.
    fn single(name: impl Into<String>, path: impl Into<String>, url: impl Into<String>) -> Self {
        let part = Part { path: path.into(), url: url.into(), probe: false };
        Self { name: name.into(), parts: vec![part] }
    }
}

/// A file that was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedFile {
    /// Its path in a mirror.
    pub part: String,
    /// Where it is now.
    pub path: PathBuf,
}

impl FeedFile {
    fn open(&self) -> Result<File, FeedError> {
        File::open(&self.path).map_err(|source| FeedError::Io { path: self.path.clone(), source })
    }

    /// The whole file, if it is no larger than `most` bytes.
    fn bytes(&self, most: u64) -> Result<Vec<u8>, FeedError> {
        whole(self.open()?, most, &self.path)
    }

    /// An error about this file.
    fn broken(&self, why: &dyn Display) -> FeedError {
        FeedError::Broken { path: self.path.clone(), why: why.to_string() }
    }
}

/// Reads to the end, but no more than `most` bytes.
fn whole(reader: impl Read, most: u64, path: &Path) -> Result<Vec<u8>, FeedError> {
    let mut bytes = Vec::new();
    let failed = |source| FeedError::Io { path: path.into(), source };
    reader.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > most {
        return Err(FeedError::TooLarge { path: path.into(), most });
    }
    Ok(bytes)
}

//! What can go wrong with a database, by what the caller can do about it.

use std::io;
use std::path::PathBuf;

use super::Jump;

/// Why a database cannot be opened, read, compiled or replaced.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// A file could not be read or written.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// `open`, `write`, `replace` …
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is something else.
    #[error("not an advisory database")]
    NotADatabase,
    /// It was compiled by another version of the program: `db update` makes it anew.
    #[error("advisory database has schema version {found}, this program reads {expected}")]
    Version {
        /// That of the file.
        found: u32,
        /// That of the program.
        expected: u32,
    },
    /// The file is cut off, or something is appended to it.
    #[error("advisory database is damaged: {found} bytes long instead of {expected}")]
    Length {
        /// Bytes of the file.
        found: u64,
        /// Bytes by its header.
        expected: u64,
    },
    /// A part of it makes no sense.
    #[error("advisory database is damaged: {what}")]
    Damaged {
        /// Which part.
        what: &'static str,
    },
    /// The index of an advisory that does not exist.
    #[error("advisory database has no record {0}")]
    NoRecord(u32),
    /// More data than the layout can address.
    #[error("more {what} than an advisory database can hold")]
    TooLarge {
        /// Of what there is too much.
        what: &'static str,
    },
    /// The starter set inside the program is broken.
    #[error("starter advisories `{file}`: {why}")]
    Starter {
        /// File under `starter/`.
        file: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// No mirror has any feed that could be read.
    #[error("no feed could be read from {mirrors}{}", why.as_ref().map(|why| format!(": {why}")).unwrap_or_default())]
    NoFeeds {
        /// The mirrors that were asked.
        mirrors: String,
        /// The first thing that went wrong.
        why: Option<String>,
    },
    /// Feeds have lost more than half of their records, and the present database stays.
    #[error("{}; the present database stays", lost(jumps))]
    Jump {
        /// The feeds.
        jumps: Vec<Jump>,
    },
    /// Another process replaces the database.
    #[error("database is being updated by {holder}")]
    Locked {
        /// Who holds the lock, as it described itself.
        holder: String,
    },
}

fn lost(jumps: &[Jump]) -> String {
    let one = |jump: &Jump| {
        format!("`{}` has {} records instead of {}", jump.feed, jump.now, jump.before)
    };
    jumps.iter().map(one).collect::<Vec<_>>().join(", ")
}

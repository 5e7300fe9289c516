//! What can go wrong in the server.

use std::path::PathBuf;

/// The error of this crate, by what whoever gets it can do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store did not answer or refused.
    #[error("the store failed: {0}")]
    Store(#[from] sqlx::Error),
    /// A change of the store's layout failed.
    #[error("the store cannot be brought to version {version} (`{name}`): {source}")]
    Migration {
        /// Number of the change.
        version: i64,
        /// Its name.
        name: &'static str,
        /// What the store said.
        source: sqlx::Error,
    },
    /// The store was written by a newer program.
    #[error(
        "the store is of version {found}, and this program knows {known}: use the newer program, \
         or another --store"
    )]
    Newer {
        /// Version of the store.
        found: i64,
        /// Newest version known here.
        known: i64,
    },
    /// `--store` names no store.
    #[error("`{0}` is no store: expected `sqlite:FILE` or `postgres://USER@HOST/DATABASE`")]
    NoStore(String),
    /// A folder or file.
    #[error("cannot {action} `{path}`: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Blobs could not be read or written.
    #[error("the blob store failed: {0}")]
    Blobs(#[from] object_store::Error),
    /// Something that is stored is not what was written.
    #[error("{0} is damaged in the store")]
    Damaged(&'static str),
    /// The compiled advisories.
    #[error("the advisory database: {0}")]
    Advisories(#[from] plimsoll_advisory::database::DatabaseError),
    /// An image could not be read.
    #[error("{0}")]
    Image(#[from] plimsoll_image::ImageError),
    /// What was asked for makes no sense, and asking again will not change that.
    #[error("{0}")]
    Refused(String),
    /// Somebody could not be told.
    #[error("{0}")]
    Notice(String),
    /// Somebody else has the job meanwhile.
    #[error("job {0} was taken by another worker, or cancelled")]
    Taken(i64),
    /// Advisories changed in the middle of the work; it is to be done again.
    #[error("the advisories changed meanwhile")]
    Changed,
    /// Alerts could not be written down.
    #[error("the spool of alerts: {0}")]
    Spool(String),
    /// An address could not be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Which.
        address: std::net::SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// A thread ended early.
    #[error("a thread of the server ended early: {0}")]
    Thread(#[from] tokio::task::JoinError),
}

impl Error {
    /// Whether the same may go well later.
    pub fn is_passing(&self) -> bool {
        !matches!(self, Self::Refused(_) | Self::Taken(_) | Self::NoStore(_) | Self::Newer { .. })
    }
}

/// What functions of this crate give back.
pub type Result<T> = std::result::Result<T, Error>;

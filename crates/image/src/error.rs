//! Why an image could not be read at all.

use std::io;
use std::path::PathBuf;

use plimsoll_model::Digest;

use crate::tar::TarError;

/// An image that gives no inventory, not even a partial one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// A file or folder that could not be opened or read.
    #[error("cannot read `{}`: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A layer whose bytes could not be had.
    #[error("cannot read a layer: {0}")]
    Read(io::Error),
    /// An archive whose own structure is damaged.
    #[error("`{}` is no readable archive: {source}", path.display())]
    Archive {
        /// Which.
        path: PathBuf,
        /// The cause.
        source: TarError,
    },
    /// A manifest, index or configuration that is not what it should be.
    #[error("`{}`: {what} is malformed: {message}", path.display())]
    Malformed {
        /// Archive or layout.
        path: PathBuf,
        /// Which document.
        what: String,
        /// What is wrong with it.
        message: String,
    },
    /// The archive or layout lacks something that it names.
    #[error("`{}` has no {what}", path.display())]
    Missing {
        /// Archive or layout.
        path: PathBuf,
        /// Which document or blob.
        what: String,
    },
    /// Bytes that are not those which a digest promises.
    #[error("wrong digest: {expected} was promised, the content has {actual}")]
    WrongDigest {
        /// From the manifest.
        expected: Digest,
        /// Of the bytes, in the same algorithm.
        actual: String,
    },
    /// Several images, none of them chosen.
    #[error("`{}` holds several images: name one of {}", path.display(), names.join(", "))]
    Ambiguous {
        /// Archive or layout.
        path: PathBuf,
        /// Their names.
        names: Vec<String>,
    },
    /// A transport that this reader does not serve.
    #[error("`{0}` is read by another part of the program")]
    Elsewhere(String),
}

impl ImageError {
    /// For `map_err` on a path.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}

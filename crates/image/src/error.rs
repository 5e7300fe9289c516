//! Why an image could not be read at all.
//!
//! Messages say what failed, on what, and why; where the user can do something about it, a line
//! that begins with `hint:` says what.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use plimsoll_model::{Digest, Platform};

use crate::compression::Excess;
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
    /// A layer that is more than is read.
    #[error("layer {layer} is not read: {why}")]
    TooLarge {
        /// Its digest, where it is known.
        layer: String,
        /// How much it is.
        why: Excess,
    },
    /// Several images, none of them chosen.
    #[error("`{}` holds several images: name one of {}", path.display(), names.join(", "))]
    Ambiguous {
        /// Archive or layout.
        path: PathBuf,
        /// Their names.
        names: Vec<String>,
    },
    /// A registry wants to know who asks, or does not take the answer: status 401.
    #[error(
        "{registry} does not let us read `{what}`: {said}\nhint: run `docker login {registry}`, or \
         set PLIMSOLL_REGISTRY_USER and PLIMSOLL_REGISTRY_PASSWORD; some registries also say this \
         of a repository that does not exist"
    )]
    Unauthorized {
        /// Host and port.
        registry: String,
        /// Image or blob.
        what: String,
        /// The registry's words, and what became of our credentials.
        said: String,
    },
    /// A registry knows who asks and still refuses: status 403.
    #[error(
        "{registry} forbids us to read `{what}`: {said}\nhint: these credentials are valid but may \
         not pull here: ask for the right to read the repository, or log in as someone else"
    )]
    Forbidden {
        /// Host and port.
        registry: String,
        /// Image or blob.
        what: String,
        /// The registry's words.
        said: String,
    },
    /// A registry does not let us write: status 401 or 403.
    #[error(
        "{registry} does not let us write to `{what}`: {said}\nhint: run `docker login {registry}` \
         as a user who may push to the repository"
    )]
    NoPush {
        /// Host and port.
        registry: String,
        /// Image.
        what: String,
        /// The registry's words.
        said: String,
    },
    /// A file or folder that could not be written.
    #[error("cannot write `{}`: {source}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A registry or daemon does not have it: status 404.
    #[error("{source_name} has no `{what}`: {said}\nhint: {hint}")]
    NotFound {
        /// Registry or daemon.
        source_name: String,
        /// Image or blob.
        what: String,
        /// The other side's words.
        said: String,
        /// What to do.
        hint: &'static str,
    },
    /// A registry answers no more for now: status 429, even after waiting.
    #[error(
        "{registry} limits the rate of requests: `{what}` was refused{}\nhint: wait and try again, \
         or log in: most registries allow more to those whom they know",
        retry_after.map(|t| format!(", try again in {} s", t.as_secs())).unwrap_or_default()
    )]
    RateLimited {
        /// Host and port.
        registry: String,
        /// Image or blob.
        what: String,
        /// How long the registry wants us to wait.
        retry_after: Option<Duration>,
    },
    /// A registry answers with something else than what was asked for.
    #[error("{registry} cannot serve `{what}`: status {status}: {said}")]
    Registry {
        /// Host and port.
        registry: String,
        /// Image or blob.
        what: String,
        /// HTTP status.
        status: u16,
        /// The registry's words.
        said: String,
    },
    /// No connection, or one that broke or fell silent too often.
    #[error("cannot read `{what}` from {host}: {message}")]
    Network {
        /// Host and port.
        host: String,
        /// Image or blob.
        what: String,
        /// The cause.
        message: String,
    },
    /// A connection that cannot be trusted.
    #[error("no trusted connection to {host}: {message}\nhint: {hint}")]
    Tls {
        /// Host and port.
        host: String,
        /// What is wrong with the certificate or the protocol.
        message: String,
        /// What to do.
        hint: &'static str,
    },
    /// An index without an image for the platform.
    #[error(
        "`{image}` has no image for {wanted}; it has: {}\nhint: choose one with `--platform`",
        available.join(", ")
    )]
    NoPlatform {
        /// Which image.
        image: String,
        /// Asked for.
        wanted: Platform,
        /// What there is.
        available: Vec<String>,
    },
    /// Something that is no image, or one of a kind that is not read.
    #[error("`{what}` is not read: {why}\nhint: {hint}")]
    Unsupported {
        /// Which image or transport.
        what: String,
        /// Why not.
        why: String,
        /// What to do.
        hint: &'static str,
    },
    /// A container daemon that cannot be reached.
    #[error("cannot connect to {daemon} at `{address}`: {message}\nhint: {hint}")]
    NoDaemon {
        /// `docker`, `podman`.
        daemon: &'static str,
        /// Path of the socket, or host and port.
        address: String,
        /// The cause.
        message: String,
        /// What to do.
        hint: &'static str,
        /// Nothing listens there, as on any machine without this daemon.
        absent: bool,
    },
    /// A container daemon that fails to give an image.
    #[error("{daemon} cannot give `{what}`: {message}")]
    Daemon {
        /// `docker`, `podman`.
        daemon: &'static str,
        /// Which image.
        what: String,
        /// The cause, or the daemon's words.
        message: String,
    },
    /// A bare name that no source has.
    #[error("no source has `{name}`{}", told(tried))]
    Nowhere {
        /// Which image.
        name: String,
        /// Each source and what it said, in the order in which they were asked.
        tried: Vec<(&'static str, ImageError)>,
    },
    /// A transport that this reader does not serve.
    #[error(
        "`{0}` is no image: what a bill of materials lists is shown by `plimsoll sbom` and judged by `plimsoll scan`"
    )]
    Elsewhere(String),
}

impl ImageError {
    /// For `map_err` on a path.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}

/// What each source said, a line each.
fn told(tried: &[(&'static str, ImageError)]) -> String {
    let line = |(source, error): &(&str, ImageError)| {
        format!("\n  {source}: {}", error.to_string().replace('\n', "\n    "))
    };
    tried.iter().map(line).collect()
}

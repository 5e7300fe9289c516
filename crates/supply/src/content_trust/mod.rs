//! Docker Content Trust: which digest a tag stands for, by the word of the repository's owner.
//!
//! The metadata is that of Notary v1, which froze an early form of TUF. No I/O: a [`Source`]
//! fetches, a [`Store`] remembers what was seen, the caller says what time it is.
//! Source: version 0.7.0 of <https://github.com/theupdateframework/notary>, and
//! `docker trust inspect` of <https://github.com/docker/cli>.

mod anchor;
mod certificate;
mod client;
mod key;
mod lookup;
mod metadata;
mod roots;

use plimsoll_model::Timestamp;
use serde::Serialize;

pub use self::anchor::Anchors;
pub use self::client::verify;
use self::metadata::is_delegation;
pub use crate::tuf::Store;
use crate::verify::Report;

/// The names of steps that no other scheme has.
pub mod step {
    /// Metadata is there and readable.
    pub const METADATA: &str = "metadata";
    /// The chain of roots begins with one that is trusted.
    pub const TRUST: &str = "root of trust";
    /// The root's certificates are for the repository.
    pub const CERTIFICATE: &str = "root certificate";
    /// A root was handed over by the one before.
    pub const ROTATION: &str = "root rotation";
    /// Metadata is that which other metadata lists.
    pub const HASH: &str = "hash";
    /// Metadata is not older than what was seen.
    pub const VERSION: &str = "version";
    /// Metadata has not expired.
    pub const EXPIRY: &str = "expiry";
    /// A role that was handed on to.
    pub const DELEGATION: &str = "delegation";
    /// The tag is signed.
    pub const TAG: &str = "tag";
}

/// Where metadata is fetched from.
pub trait Source {
    /// The document called `name`, such as `root`, `2.root` or `targets/releases`, of at most
    /// `most` bytes; `None` where there is none. Where its SHA-256 digest is known, the place may
    /// keep it under that.
    fn fetch(
        &mut self,
        name: &str,
        sha256: Option<&str>,
        most: u64,
    ) -> Result<Option<Vec<u8>>, String>;
}

/// What is asked.
#[derive(Debug)]
pub struct Request<'a> {
    /// The repository's name with its host, such as `docker.io/library/alpine`.
    pub gun: &'a str,
    /// The tag.
    pub tag: &'a str,
    /// Roles that have the word, the first before the others; none for docker's.
    pub roles: &'a [String],
    /// Where trust begins.
    pub anchors: &'a Anchors,
    /// The present.
    pub now: Timestamp,
}

/// A source that could not be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot fetch `{what}`: {why}")]
pub struct Unavailable {
    /// The document.
    pub what: String,
    /// The cause.
    pub why: String,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Every check.
    pub report: Report,
    /// What is signed, where all held.
    pub target: Option<Target>,
    /// Whose keys count, as far as that was verified.
    pub keys: Vec<RoleKeys>,
}

/// What is signed about a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// The SHA-256 digest of the manifest.
    #[serde(skip)]
    pub sha256: [u8; 32],
    /// The length of the manifest in bytes.
    pub length: u64,
    /// The role that has the word.
    pub role: String,
    /// Other roles that signed the same, without `targets/`.
    pub signers: Vec<String>,
}

/// The keys of a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleKeys {
    /// The role.
    pub role: String,
    /// How many of the keys must sign.
    pub threshold: usize,
    /// The names of the keys.
    pub keys: Vec<String>,
}

/// Whether a role that lists targets can be called so.
pub fn is_role(name: &str) -> bool {
    name == metadata::TARGETS || is_delegation(name)
}

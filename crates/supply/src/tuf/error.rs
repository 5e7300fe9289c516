//! Why a step of the update was refused.

use plimsoll_model::Timestamp;

/// Why metadata or a target is not trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TufError {
    /// Metadata that is not what the specification demands.
    #[error("{role}: {why}")]
    Malformed {
        /// Which role's metadata; empty where it is not known yet.
        role: String,
        /// What is wrong with it.
        why: String,
    },
    /// Fewer keys than the threshold signed.
    #[error("{role}: {signed} of the {threshold} signatures that {by} asks for")]
    Unsigned {
        /// Which role's metadata.
        role: String,
        /// Whose word says which keys count, such as `root 4`.
        by: String,
        /// How many distinct keys signed.
        signed: usize,
        /// How many must.
        threshold: usize,
    },
    /// Metadata after its time: the repository is frozen, or the attacker keeps news away.
    #[error("{role} {version} expired at {expires}")]
    Expired {
        /// Which role's metadata.
        role: String,
        /// Its version.
        version: u64,
        /// When it ended.
        expires: Timestamp,
    },
    /// A version that is older than one seen before.
    #[error("{role}: version {found} after version {seen} was seen")]
    Rollback {
        /// Which role's metadata.
        role: String,
        /// The version that is known.
        seen: u64,
        /// The version that is offered.
        found: u64,
    },
    /// A version other than the one that is due, so that parts of different states are mixed.
    #[error("{role}: version {found} where version {wanted} is due")]
    Version {
        /// Which role's metadata.
        role: String,
        /// The version that is due.
        wanted: u64,
        /// The version that is offered.
        found: u64,
    },
    /// Something that the last snapshot listed is listed no more.
    #[error("snapshot: `{0}` was listed before and is not now")]
    Removed(String),
    /// Bytes that are not those whose digest or length is signed.
    #[error("{what}: {why}")]
    Content {
        /// The metadata's or target's name.
        what: String,
        /// Expected and found.
        why: String,
    },
    /// The repository does not have something that it must.
    #[error("{0} is not in the repository")]
    Missing(String),
    /// No role that may speak for the target lists it.
    #[error("no role lists the target `{0}`")]
    UnknownTarget(String),
    /// A bound that honest repositories keep.
    #[error("{what}: more than {most}")]
    TooMuch {
        /// What there is too much of.
        what: String,
        /// The bound, with its unit.
        most: String,
    },
    /// The repository cannot be read.
    #[error("cannot fetch {what}: {why}")]
    Fetch {
        /// What was asked for.
        what: String,
        /// The cause.
        why: String,
    },
    /// The place where trusted metadata is kept cannot be read or written.
    #[error("cannot keep {what}: {why}")]
    Store {
        /// The file.
        what: String,
        /// The cause.
        why: String,
    },
}

impl TufError {
    pub(super) fn malformed(why: impl Into<String>) -> Self {
        Self::Malformed { role: "metadata".into(), why: why.into() }
    }

    /// The same error, said of `role`'s metadata.
    pub(super) fn of(self, role: &str) -> Self {
        match self {
            Self::Malformed { why, .. } => Self::Malformed { role: role.to_owned(), why },
            other => other,
        }
    }
}

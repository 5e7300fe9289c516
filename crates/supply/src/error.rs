//! What can be wrong with a key, a signature or a document about one.

/// An input that cannot be read, or a check that did not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The input is not what its format demands.
    #[error("{what}: {why}")]
    Malformed {
        /// What was read, such as `bundle` or `certificate`.
        what: &'static str,
        /// What is wrong with it, and where.
        why: String,
    },
    /// The input is well formed, but of a kind that is not read here.
    #[error("{what} is not supported: {found}")]
    Unsupported {
        /// What was read.
        what: &'static str,
        /// The kind that was met.
        found: String,
    },
    /// A signature is not one of this key over this content.
    #[error("the signature does not match the content under this key")]
    BadSignature,
}

impl Error {
    /// An input of kind `what` is broken because of `why`.
    pub fn malformed(what: &'static str, why: impl Into<String>) -> Self {
        Self::Malformed { what, why: why.into() }
    }

    /// An input of kind `what` is one that is not read here.
    pub fn unsupported(what: &'static str, found: impl Into<String>) -> Self {
        Self::Unsupported { what, found: found.into() }
    }
}

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
    /// A private key that is kept encrypted, and a password that does not open it.
    #[error("the password does not open this key, or the key's file is damaged")]
    WrongPassword,
    /// A private key that is kept encrypted, and no password for it.
    #[error("the key is encrypted and needs a password")]
    PasswordNeeded,
    /// A server or device that keeps a key, and did not sign with it.
    #[error("not signed: {0}")]
    Signer(String),
    /// The operating system gives no random numbers.
    #[error("the operating system gives no random numbers")]
    NoRandomness,
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

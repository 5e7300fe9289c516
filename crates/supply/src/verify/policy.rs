//! What a verifier asks for.

use plimsoll_model::Timestamp;
use regex::Regex;

use crate::certificate::{Authority, FulcioExtension, Purpose};
use crate::error::Error;
use crate::key::PublicKey;

/// What a verifier asks for.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Who must have signed.
    pub signer: SignerPolicy,
    /// How many transparency logs must have the signature; `None` asks for one where the bundle
    /// has entries at all.
    pub log_entries: Option<usize>,
    /// How many times of the signature must be vouched for, by logs and timestamp services.
    pub times: usize,
    /// How many logs must have promised to publish the certificate.
    pub certificate_logs: usize,
    /// A time of the signature that the verifier takes for granted where nobody vouches for one.
    pub assumed_time: Option<Timestamp>,
    /// Whether a bundle may bring a root. Early signers wrote it, and the specification forbids
    /// it; it is never trusted either way.
    pub root_in_bundle: bool,
    /// What a certificate of one's own authority must be for.
    pub purpose: Purpose,
}

/// Who must have signed.
#[derive(Debug, Clone)]
pub enum SignerPolicy {
    /// The holder of a key.
    Key(PublicKey),
    /// One of these, by a certificate of an authority of the trusted root.
    Identities(Vec<IdentityPolicy>),
    /// The holder of a certificate of one's own authority; one of the identities, where any is
    /// named.
    OwnAuthority(Authority, Vec<IdentityPolicy>),
}

impl Policy {
    /// The holder of `key`; entries of logs are checked where there are any.
    pub fn key(key: PublicKey) -> Self {
        let signer = SignerPolicy::Key(key);
        Self {
            signer,
            log_entries: None,
            times: 0,
            certificate_logs: 0,
            assumed_time: None,
            root_in_bundle: false,
            purpose: Purpose::CodeSigning,
        }
    }

    /// One of `identities`, as Sigstore's public instance certifies them: one log, one time, one
    /// log of certificates.
    pub fn identities(identities: Vec<IdentityPolicy>) -> Self {
        let signer = SignerPolicy::Identities(identities);
        Self {
            signer,
            log_entries: Some(1),
            times: 1,
            certificate_logs: 1,
            assumed_time: None,
            root_in_bundle: false,
            purpose: Purpose::CodeSigning,
        }
    }

    /// A certificate of one's own authority: no log is asked for, and without a vouched time the
    /// certificate must be valid now.
    pub fn own_authority(authority: Authority, identities: Vec<IdentityPolicy>) -> Self {
        let signer = SignerPolicy::OwnAuthority(authority, identities);
        Self {
            signer,
            log_entries: None,
            times: 0,
            certificate_logs: 0,
            assumed_time: None,
            root_in_bundle: false,
            purpose: Purpose::CodeSigning,
        }
    }
}

/// Whom a certificate must be for.
#[derive(Debug, Clone, Default)]
pub struct IdentityPolicy {
    /// One of the certificate's names.
    pub subject: Option<Pattern>,
    /// Who vouched for it.
    pub issuer: Option<Pattern>,
    /// What the certificate must say besides.
    pub extensions: Vec<(FulcioExtension, String)>,
}

impl IdentityPolicy {
    /// Exactly `subject`, vouched for by exactly `issuer`.
    pub fn exact(subject: &str, issuer: &str) -> Self {
        Self {
            subject: Some(Pattern::Exact(subject.into())),
            issuer: Some(Pattern::Exact(issuer.into())),
            extensions: Vec::new(),
        }
    }
}

/// A text that is wanted.
#[derive(Debug, Clone)]
pub enum Pattern {
    /// This text, letter by letter.
    Exact(String),
    /// A text in which the expression matches somewhere, as in Go; anchor it with `^` and `$`.
    Regex(Box<Regex>),
}

/// The size that a compiled expression may have, in bytes.
const MAX_REGEX: usize = 1024 * 1024;

impl Pattern {
    /// The texts in which `expression` matches somewhere.
    pub fn regex(expression: &str) -> Result<Self, Error> {
        regex::RegexBuilder::new(expression)
            .size_limit(MAX_REGEX)
            .build()
            .map(|regex| Self::Regex(Box::new(regex)))
            .map_err(|error| Error::malformed("regular expression", error.to_string()))
    }

    /// Whether `text` is wanted.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Exact(wanted) => wanted == text,
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact(text) => f.write_str(text),
            Self::Regex(regex) => write!(f, "/{regex}/"),
        }
    }
}

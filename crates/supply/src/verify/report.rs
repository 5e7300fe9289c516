//! What a verification did, step by step.

use plimsoll_model::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::certificate::{Certificate, Identity, SubjectName};
use crate::key::PublicKey;

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// What was found is what was expected.
    Passed,
    /// It is not, so nothing is verified.
    Failed,
    /// Something that nobody asked for could not be checked, or does not hold.
    Ignored,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What was checked: one of the names in [`step`], or of [`crate::notation::step`].
    pub name: &'static str,
    /// How it ended.
    pub status: Status,
    /// What the verifier wanted.
    pub expected: String,
    /// What there was.
    pub found: String,
    /// Where in the evidence.
    #[serde(rename = "where")]
    pub place: String,
}

/// The names of steps.
pub mod step {
    /// The bundle is readable.
    pub const BUNDLE: &str = "bundle";
    /// The signer is of the kind that the policy asks for.
    pub const SIGNER: &str = "signer";
    /// The artefact is the one that was signed.
    pub const ARTEFACT: &str = "artefact";
    /// The object of a repository is there, and has its id.
    pub const OBJECT: &str = "object";
    /// The tag is the one that it is filed as.
    pub const TAG_NAME: &str = "tag name";
    /// The tag points to what it should.
    pub const TARGET: &str = "target";
    /// The signature is the signer's.
    pub const SIGNATURE: &str = "signature";
    /// A log's entry is about this signature.
    pub const LOG_ENTRY: &str = "log entry";
    /// A log's promise is signed.
    pub const LOG_PROMISE: &str = "log promise";
    /// An entry is in the log's tree.
    pub const LOG_PROOF: &str = "inclusion proof";
    /// A log signed the root of its tree.
    pub const CHECKPOINT: &str = "checkpoint";
    /// Enough logs have the signature.
    pub const LOG_COUNT: &str = "log count";
    /// A service's timestamp is for this signature.
    pub const TIMESTAMP: &str = "timestamp";
    /// The time of the signature is known.
    pub const TIME: &str = "time";
    /// The certificate leads to an authority that is trusted.
    pub const CERTIFICATE: &str = "certificate";
    /// The certificate was promised to a log.
    pub const SCT: &str = "certificate log";
    /// The certificate is for the one who was expected.
    pub const IDENTITY: &str = "identity";
    /// The identity was vouched for by the one who was expected.
    pub const ISSUER: &str = "issuer";
    /// The statement is of the type that was expected.
    pub const PREDICATE: &str = "predicate type";
    /// The certificate says about the build what was expected.
    pub const EXTENSION: &str = "extension";
    /// The signer said of the image what was expected.
    pub const ANNOTATION: &str = "annotation";
    /// The condition on the claim holds.
    pub const CONDITION: &str = "condition";
}

/// The outcome of a verification.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// Whether all that the policy asks for holds.
    pub verified: bool,
    /// Every check, in order.
    pub steps: Vec<Step>,
    /// Who signed, as far as it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<SignerSummary>,
    /// The times of the signature that somebody trusted vouches for.
    pub times: Vec<VerifiedTime>,
    /// The statement that was signed, where one was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<Value>,
}

impl Report {
    /// A report on something that could not even be read.
    pub fn unreadable(name: &'static str, expected: &str, found: &str, place: &str) -> Self {
        let step = Step {
            name,
            status: Status::Failed,
            expected: expected.into(),
            found: found.into(),
            place: place.into(),
        };
        Self { steps: vec![step], ..Self::default() }
    }

    /// Demands that what was signed is a statement with a predicate of the type `uri`.
    pub fn demand_predicate(&mut self, uri: &str) {
        let found = self.statement.as_ref().and_then(|it| it.get("predicateType")?.as_str());
        let holds = found == Some(uri);
        let step = Step {
            name: step::PREDICATE,
            status: if holds { Status::Passed } else { Status::Failed },
            expected: uri.into(),
            found: found.unwrap_or("no statement").into(),
            place: String::new(),
        };
        self.steps.push(step);
        self.verified &= holds;
    }

    /// The first step that failed.
    pub fn failure(&self) -> Option<&Step> {
        self.failures().next()
    }

    /// Every step that failed.
    pub fn failures(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.status == Status::Failed)
    }
}

/// A time of the signature, and who vouches for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerifiedTime {
    /// The time.
    pub time: Timestamp,
    /// The log or service, or `clock` for the verifier's own.
    pub source: String,
}

/// Who signed.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignerSummary {
    /// The kind of key, such as `ECDSA P-256`.
    pub key: &'static str,
    /// The SHA-256 digest of the key's SPKI, in hexadecimal.
    pub key_sha256: String,
    /// The SHA-256 digest of the key itself, however its SPKI is written.
    #[serde(skip)]
    pub(crate) key_material: [u8; 32],
    /// The names in the certificate.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<SubjectName>,
    /// Who vouched for the names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// What the certificate says about the build.
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    pub extensions: serde_json::Map<String, Value>,
}

impl SignerSummary {
    pub(super) fn of_key(key: &PublicKey) -> Self {
        Self {
            key: key.kind().name(),
            key_sha256: crate::hash::hex(&key.id()),
            key_material: crate::hash::sha256(key.material()),
            names: Vec::new(),
            issuer: None,
            extensions: serde_json::Map::new(),
        }
    }

    pub(crate) fn of_certificate(certificate: &Certificate, key: &PublicKey) -> Self {
        let identity = Identity::of(certificate).unwrap_or_default();
        let extensions = identity
            .extensions
            .into_iter()
            .filter(|(extension, _)| extension.name != "issuer")
            .map(|(extension, text)| (extension.name.to_owned(), Value::String(text)))
            .collect();
        Self { names: identity.names, issuer: identity.issuer, extensions, ..Self::of_key(key) }
    }
}

//! In-toto statements: what is claimed of which artefacts.
//!
//! Source: <https://github.com/in-toto/attestation/tree/main/spec>.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::dsse::Envelope;
use crate::error::Error;
use crate::json;

/// The type of a DSSE payload that is a statement.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The `_type` of a statement of version 0.1.
pub const STATEMENT_V0_1: &str = "https://in-toto.io/Statement/v0.1";

/// The `_type` of a statement of version 1.
pub const STATEMENT_V1: &str = "https://in-toto.io/Statement/v1";

/// A claim about artefacts.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct Statement {
    /// The version of the statement.
    #[serde(rename = "_type")]
    pub kind: String,
    /// What the claim is about.
    #[serde(default)]
    pub subject: Vec<Subject>,
    /// What kind of claim it is.
    #[serde(rename = "predicateType", alias = "predicate_type")]
    pub predicate_type: String,
    /// The claim.
    #[serde(default)]
    pub predicate: Value,
}

/// An artefact that a claim is about.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Subject {
    /// What the artefact is called.
    #[serde(default)]
    pub name: String,
    /// Its digests in hexadecimal, by algorithm.
    #[serde(default)]
    pub digest: BTreeMap<String, String>,
}

/// The most artefacts that one statement may be about.
const MAX_SUBJECTS: usize = 1024;

/// The most digests that one artefact may have.
const MAX_DIGESTS: usize = 32;

impl Statement {
    /// Reads a statement of version 0.1 or 1.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let statement: Self = json::document("in-toto statement", bytes)?;
        if ![STATEMENT_V0_1, STATEMENT_V1].contains(&statement.kind.as_str()) {
            return Err(Error::unsupported("in-toto statement", format!("`{}`", statement.kind)));
        }
        let count = statement.subject.len();
        if count > MAX_SUBJECTS {
            return Err(broken(format!("{count} subjects, more than {MAX_SUBJECTS}")));
        }
        if statement.subject.iter().any(|subject| subject.digest.len() > MAX_DIGESTS) {
            return Err(broken(format!("a subject with more than {MAX_DIGESTS} digests")));
        }
        Ok(statement)
    }

    /// Reads the statement in an envelope, whose type must say that it is one.
    pub fn of(envelope: &Envelope) -> Result<Self, Error> {
        if envelope.payload_type != PAYLOAD_TYPE {
            let found = format!("payload type `{}`", envelope.payload_type);
            return Err(Error::unsupported("in-toto statement", found));
        }
        Self::parse(&envelope.payload.0)
    }
}

fn broken(why: impl Into<String>) -> Error {
    Error::malformed("in-toto statement", why)
}

//! The documents of a repository, read and not yet verified.
//!
//! Fields that the specification does not know are kept in what is signed and passed over
//! otherwise, as section 4 demands. Source: sections 4.3 to 4.6 of the TUF specification.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::delegation::Delegations;
use super::key::{RawKey, Signers};
use super::{TufError, canonical};
use crate::hash::{HashAlgorithm, from_hex, hex};
use crate::json;

/// Signed metadata as it came.
#[derive(Debug, Clone)]
pub(super) struct Document<T> {
    /// What is signed, read.
    pub(super) signed: T,
    /// What is signed, in its canonical form.
    pub(super) signed_bytes: Vec<u8>,
    signatures: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Envelope {
    signed: Value,
    signatures: Vec<RawSignature>,
}

#[derive(Deserialize)]
struct RawSignature {
    keyid: String,
    sig: String,
}

/// The most signatures of a document.
const MAX_SIGNATURES: usize = 128;

impl<T: DeserializeOwned + Kind> Document<T> {
    /// Reads a document; `role` is what it must say that it is.
    pub(super) fn parse(bytes: &[u8], role: &str) -> Result<Self, TufError> {
        Self::read(bytes).map_err(|error| error.of(role))
    }

    fn read(bytes: &[u8]) -> Result<Self, TufError> {
        let broken = |error: crate::Error| match error {
            crate::Error::Malformed { why, .. } => TufError::malformed(why),
            other => TufError::malformed(other.to_string()),
        };
        let envelope: Envelope = json::document("TUF metadata", bytes).map_err(broken)?;
        if envelope.signatures.len() > MAX_SIGNATURES {
            let most = MAX_SIGNATURES.to_string();
            return Err(TufError::TooMuch { what: "signatures".into(), most });
        }
        let mut signatures = BTreeMap::new();
        for RawSignature { keyid, sig } in envelope.signatures {
            if signatures.insert(keyid.clone(), sig).is_some() {
                return Err(TufError::malformed(format!("two signatures of the key {keyid}")));
            }
        }
        let kind = envelope.signed.get("_type").and_then(Value::as_str).unwrap_or_default();
        if kind != T::NAME {
            return Err(TufError::malformed(format!("type `{kind}` where `{}` is due", T::NAME)));
        }
        let spec = envelope.signed.get("spec_version").and_then(Value::as_str).unwrap_or_default();
        if spec.split('.').next() != Some("1") {
            return Err(TufError::malformed(format!("specification `{spec}`, not 1.*")));
        }
        let signed_bytes = canonical::encode(&envelope.signed)?;
        let signed: T = serde_json::from_value(envelope.signed)
            .map_err(|error| TufError::malformed(error.to_string()))?;
        signed.check()?;
        Ok(Self { signed, signed_bytes, signatures })
    }
}

impl<T> Document<T> {
    /// The signature that claims to be of the key `id`. Tools leave an empty text where a signer
    /// is still awaited: that is none.
    pub(super) fn signature(&self, id: &str) -> Option<Vec<u8>> {
        self.signatures.get(id).and_then(|text| from_hex(text)).filter(|bytes| !bytes.is_empty())
    }
}

/// What a document says that it is.
pub(super) trait Kind {
    const NAME: &'static str;

    fn check(&self) -> Result<(), TufError>;
    fn version(&self) -> u64;
    fn expires(&self) -> Timestamp;
}

macro_rules! kind {
    ($type:ty, $name:literal) => {
        impl Kind for $type {
            const NAME: &'static str = $name;

            fn check(&self) -> Result<(), TufError> {
                if self.version == 0 {
                    return Err(TufError::malformed("version 0"));
                }
                self.expires.0.map(drop).ok_or_else(|| TufError::malformed("no time of expiry"))?;
                self.check_content()
            }

            fn version(&self) -> u64 {
                self.version
            }

            fn expires(&self) -> Timestamp {
                self.expires.0.unwrap_or_else(|| Timestamp::from_unix(0))
            }
        }
    };
}

/// A time, which the specification writes with seconds and zone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expiry(pub(super) Option<Timestamp>);

impl<'de> Deserialize<'de> for Expiry {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = text.contains('T').then(|| text.parse().ok()).flatten();
        Ok(Self(time))
    }
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Root {
    pub(super) version: u64,
    pub(super) expires: Expiry,
    #[serde(default)]
    pub(super) consistent_snapshot: bool,
    pub(super) keys: BTreeMap<String, RawKey>,
    pub(super) roles: BTreeMap<String, Signers>,
}
kind!(Root, "root");

/// The roles that every repository has.
pub(super) const TOP_LEVEL: [&str; 4] = ["root", "timestamp", "snapshot", "targets"];

impl Root {
    fn check_content(&self) -> Result<(), TufError> {
        for name in TOP_LEVEL {
            if !self.roles.contains_key(name) {
                return Err(TufError::malformed(format!("the role `{name}` is missing")));
            }
        }
        for (name, signers) in &self.roles {
            signers.check(name)?;
            if let Some(id) = signers.key_ids.iter().find(|id| !self.keys.contains_key(*id)) {
                return Err(TufError::malformed(format!("`{name}` names no key with id {id}")));
            }
        }
        Ok(())
    }

    /// Checks that the holders of `role` signed `document`.
    pub(super) fn verify<T>(&self, role: &str, document: &Document<T>) -> Result<(), TufError> {
        let by = format!("root {}", self.version);
        let signers = self
            .roles
            .get(role)
            .ok_or_else(|| TufError::malformed(format!("the role `{role}` is missing")))?;
        signers.verify(&self.keys, document, role, &by)
    }
}

/// What is known beforehand about a file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct MetaFile {
    pub(super) version: u64,
    pub(super) length: Option<u64>,
    #[serde(default)]
    pub(super) hashes: BTreeMap<String, String>,
}

impl MetaFile {
    /// Checks that `bytes` are what was announced.
    pub(super) fn check(&self, what: &str, bytes: &[u8]) -> Result<(), TufError> {
        if let Some(length) = self.length {
            check_length(what, length, bytes)?;
        }
        if self.hashes.is_empty() { Ok(()) } else { check_hashes(what, &self.hashes, bytes) }
    }
}

fn check_length(what: &str, length: u64, bytes: &[u8]) -> Result<(), TufError> {
    if bytes.len() as u64 == length {
        return Ok(());
    }
    let why = format!("{} bytes, not {length}", bytes.len());
    Err(TufError::Content { what: what.to_owned(), why })
}

/// Every digest must hold, and one must be of a function that is known.
fn check_hashes(
    what: &str,
    hashes: &BTreeMap<String, String>,
    bytes: &[u8],
) -> Result<(), TufError> {
    let wrong = |why: String| TufError::Content { what: what.to_owned(), why };
    let mut known = false;
    for (name, wanted) in hashes {
        let Some(hash) = HashAlgorithm::named(name) else { continue };
        known = true;
        let found = hash.digest(bytes);
        if from_hex(wanted).as_deref() != Some(found.as_slice()) {
            return Err(wrong(format!("{name} {}, not {wanted}", hex(&found))));
        }
    }
    if known { Ok(()) } else { Err(wrong("no digest of a known function".into())) }
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct TimestampRole {
    pub(super) version: u64,
    pub(super) expires: Expiry,
    pub(super) meta: BTreeMap<String, MetaFile>,
}
kind!(TimestampRole, "timestamp");

impl TimestampRole {
    fn check_content(&self) -> Result<(), TufError> {
        if self.meta.len() == 1 && self.snapshot().is_some() {
            Ok(())
        } else {
            Err(TufError::malformed("not exactly `snapshot.json` is listed"))
        }
    }

    pub(super) fn snapshot(&self) -> Option<&MetaFile> {
        self.meta.get("snapshot.json").filter(|it| it.version > 0)
    }
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Snapshot {
    pub(super) version: u64,
    pub(super) expires: Expiry,
    pub(super) meta: BTreeMap<String, MetaFile>,
}
kind!(Snapshot, "snapshot");

/// The most roles that a snapshot may list.
const MAX_ROLES: usize = 16_384;

impl Snapshot {
    fn check_content(&self) -> Result<(), TufError> {
        if self.meta.len() > MAX_ROLES {
            let most = MAX_ROLES.to_string();
            return Err(TufError::TooMuch { what: "roles of the snapshot".into(), most });
        }
        if let Some((name, _)) = self.meta.iter().find(|(_, file)| file.version == 0) {
            return Err(TufError::malformed(format!("version 0 of `{name}`")));
        }
        Ok(())
    }

    pub(super) fn file(&self, role: &str) -> Result<&MetaFile, TufError> {
        self.meta.get(&format!("{role}.json")).ok_or_else(|| TufError::Content {
            what: "snapshot".into(),
            why: format!("`{role}` is not listed"),
        })
    }
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Targets {
    pub(super) version: u64,
    pub(super) expires: Expiry,
    #[serde(default, rename = "targets")]
    pub(super) files: BTreeMap<String, TargetFile>,
    pub(super) delegations: Option<Delegations>,
}
kind!(Targets, "targets");

impl Targets {
    fn check_content(&self) -> Result<(), TufError> {
        self.delegations.as_ref().map_or(Ok(()), Delegations::check)
    }
}

/// What is signed about a target.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TargetFile {
    /// In bytes.
    pub length: u64,
    /// Digests in hexadecimal, by function.
    pub hashes: BTreeMap<String, String>,
}

impl TargetFile {
    /// Checks that `bytes` are the target `path`.
    pub fn check(&self, path: &str, bytes: &[u8]) -> Result<(), TufError> {
        check_length(path, self.length, bytes)?;
        check_hashes(path, &self.hashes, bytes)
    }

    /// A digest that its name may begin with in a consistent snapshot.
    pub(super) fn prefix(&self) -> Option<&str> {
        let known = |name: &&str| self.hashes.contains_key(*name);
        let name = ["sha256", "sha512", "sha384"].into_iter().find(known)?;
        let text = self.hashes.get(name)?;
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        plain.then_some(text.as_str())
    }
}

/// Names that are there twice.
pub(super) fn first_twice<'a>(names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = BTreeSet::new();
    let mut names = names;
    names.find(|name| !seen.insert(*name))
}

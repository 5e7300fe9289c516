//! The documents of a repository, read and not yet verified.
//!
//! Source: `tuf/data` of theupdateframework/notary, which froze an early form of TUF: types begin
//! with a capital letter, keys and hashes are base64, a delegation is called by its path.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::key::{Base64, RawKey, verifies};
use crate::hash::{HashAlgorithm, hex};
use crate::json;
use crate::tuf::canonical;

/// The role that lists targets of its own and hands on to others.
pub(super) const TARGETS: &str = "targets";

/// The roles that every repository has.
pub(super) const BASE: [&str; 4] = ["root", "timestamp", "snapshot", TARGETS];

/// The most signatures of a document, and the most keys of a role.
const MAX_SIGNATURES: usize = 128;

/// Signed metadata as it came.
#[derive(Debug, Clone)]
pub(super) struct Document<T> {
    /// What is signed, read.
    pub(super) signed: T,
    /// What is signed, in its canonical form.
    message: Vec<u8>,
    signatures: Vec<Signature>,
}

#[derive(Deserialize)]
struct Envelope {
    signed: Value,
    signatures: Vec<Signature>,
}

#[derive(Debug, Clone, Deserialize)]
struct Signature {
    keyid: String,
    method: String,
    sig: Base64,
}

impl<T: DeserializeOwned + Kind> Document<T> {
    /// Reads a document of the role `role`.
    pub(super) fn parse(role: &str, bytes: &[u8]) -> Result<Self, String> {
        let envelope: Envelope =
            json::document("metadata", bytes).map_err(|error| error.to_string())?;
        if envelope.signatures.len() > MAX_SIGNATURES {
            return Err(format!("more than {MAX_SIGNATURES} signatures"));
        }
        let kind = envelope.signed.get("_type").and_then(Value::as_str).unwrap_or_default();
        if kind != T::NAME {
            return Err(format!("type `{kind}` where `{}` is due", T::NAME));
        }
        let message = canonical::encode(&envelope.signed).map_err(|error| error.to_string())?;
        let signed: T =
            serde_json::from_value(envelope.signed).map_err(|error| error.to_string())?;
        if signed.version() == 0 {
            return Err("version 0".into());
        }
        signed.check(role)?;
        Ok(Self { signed, message, signatures: envelope.signatures })
    }
}

/// What a document says that it is.
pub(super) trait Kind {
    const NAME: &'static str;

    fn version(&self) -> u64;
    fn expires(&self) -> Timestamp;

    /// What must be so whoever signed it.
    fn check(&self, role: &str) -> Result<(), String>;
}

/// A time with its zone, as Go writes it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expiry(Timestamp);

impl<'de> Deserialize<'de> for Expiry {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = text.contains('T').then(|| text.parse().ok()).flatten();
        let wrong = || serde::de::Error::custom(format!("`{text}` is no time"));
        time.map(Self).ok_or_else(wrong)
    }
}

/// Which keys count for a role, and how many of them must sign.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Signers {
    pub(super) keyids: Vec<String>,
    pub(super) threshold: usize,
}

impl Signers {
    fn check(&self, role: &str, keys: &BTreeMap<String, RawKey>) -> Result<(), String> {
        if self.threshold == 0 {
            return Err(format!("`{role}` with a threshold of 0"));
        }
        if self.keyids.len() > MAX_SIGNATURES {
            return Err(format!("`{role}` with more than {MAX_SIGNATURES} keys"));
        }
        match self.keyids.iter().find(|id| !keys.contains_key(*id)) {
            Some(id) => Err(format!("`{role}` names the key {id}, which is not there")),
            None => Ok(()),
        }
    }

    /// The keys themselves.
    pub(super) fn role<'k>(&'k self, keys: &'k BTreeMap<String, RawKey>) -> Role<'k> {
        let named = |id: &'k String| Some((id.as_str(), keys.get(id)?));
        Role { keys: self.keyids.iter().filter_map(named).collect(), threshold: self.threshold }
    }
}

/// The keys of a role by their names, and how many of them must sign.
#[derive(Debug, Clone)]
pub(super) struct Role<'k> {
    pub(super) keys: Vec<(&'k str, &'k RawKey)>,
    pub(super) threshold: usize,
}

impl Role<'_> {
    /// Who signed, or why too few did. Keys are told apart by what they are: one that is there as
    /// a bare key and in a certificate counts once.
    pub(super) fn signed<T>(&self, document: &Document<T>) -> Result<String, String> {
        let mut signed: BTreeSet<Vec<u8>> = BTreeSet::new();
        let mut names: Vec<&str> = Vec::new();
        for signature in &document.signatures {
            let Some((id, key)) = self.keys.iter().find(|(id, _)| *id == signature.keyid) else {
                continue;
            };
            if key.id() != *id {
                return Err(format!("the key {} is called {id}", key.id()));
            }
            let Some(key) = key.read() else { continue };
            let method = signature.method.to_ascii_lowercase();
            if verifies(&key, &method, &document.message, &signature.sig.0)
                && signed.insert(key.spki_der().to_vec())
            {
                names.push(id);
            }
        }
        if signed.len() >= self.threshold {
            return Ok(names.join(", "));
        }
        Err(format!("{} of the {} signatures that are due", signed.len(), self.threshold))
    }
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Root {
    version: u64,
    expires: Expiry,
    pub(super) keys: BTreeMap<String, RawKey>,
    pub(super) roles: BTreeMap<String, Signers>,
}

impl Kind for Root {
    const NAME: &'static str = "Root";

    fn version(&self) -> u64 {
        self.version
    }

    fn expires(&self) -> Timestamp {
        self.expires.0
    }

    fn check(&self, _: &str) -> Result<(), String> {
        for name in BASE {
            let signers = self.roles.get(name);
            let signers = signers.ok_or_else(|| format!("the role `{name}` is missing"))?;
            signers.check(name, &self.keys)?;
        }
        Ok(())
    }
}

impl Root {
    /// The keys of one of the roles that every repository has.
    pub(super) fn role(&self, name: &str) -> Role<'_> {
        let none = || Role { keys: Vec::new(), threshold: usize::MAX };
        self.roles.get(name).map_or_else(none, |signers| signers.role(&self.keys))
    }
}

/// Length and digests of a document or a target.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct FileMeta {
    pub(super) length: u64,
    hashes: BTreeMap<String, Base64>,
}

impl FileMeta {
    /// The SHA-256 digest, which everything that is signed has.
    pub(super) fn sha256(&self) -> Option<&[u8]> {
        let digest = self.hashes.get("sha256")?;
        (digest.0.len() == HashAlgorithm::Sha256.len_bytes()).then_some(digest.0.as_slice())
    }

    /// Whether `bytes` are what is meant; both functions count where both are there.
    pub(super) fn check(&self, bytes: &[u8]) -> Result<String, String> {
        if bytes.len() as u64 != self.length {
            return Err(format!("{} bytes where {} are due", bytes.len(), self.length));
        }
        let mut found = Err("no SHA-256 digest is listed".to_owned());
        for hash in [HashAlgorithm::Sha512, HashAlgorithm::Sha256] {
            let Some(listed) = self.hashes.get(hash.name()) else { continue };
            let digest = hash.digest(bytes);
            if digest != listed.0 {
                return Err(format!("{}:{}", hash.name(), hex(&digest)));
            }
            if hash == HashAlgorithm::Sha256 {
                found = Ok(format!("{}:{}", hash.name(), hex(&digest)));
            }
        }
        found
    }
}

/// A timestamp or a snapshot: what is current, by role.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Listing {
    version: u64,
    expires: Expiry,
    pub(super) meta: BTreeMap<String, FileMeta>,
}

impl Listing {
    fn must_list(&self, roles: &[&str]) -> Result<(), String> {
        let lacks = |role: &&&str| self.meta.get(**role).is_none_or(|it| it.sha256().is_none());
        match roles.iter().find(lacks) {
            Some(role) => Err(format!("no SHA-256 digest of `{role}`")),
            None => Ok(()),
        }
    }
}

/// What the snapshot is.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(super) struct TimestampRole(pub(super) Listing);

/// What all other documents are.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(super) struct Snapshot(pub(super) Listing);

macro_rules! listing {
    ($type:ty, $name:literal, $must:expr) => {
        impl Kind for $type {
            const NAME: &'static str = $name;

            fn version(&self) -> u64 {
                self.0.version
            }

            fn expires(&self) -> Timestamp {
                self.0.expires.0
            }

            fn check(&self, _: &str) -> Result<(), String> {
                self.0.must_list($must)
            }
        }
    };
}
listing!(TimestampRole, "Timestamp", &["snapshot"]);
listing!(Snapshot, "Snapshot", &["root", TARGETS]);

/// What a role says of targets, and to whom it hands on.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Targets {
    version: u64,
    expires: Expiry,
    #[serde(rename = "targets")]
    files: Option<BTreeMap<String, FileMeta>>,
    delegations: Option<Delegations>,
}

#[derive(Debug, Clone, Deserialize)]
struct Delegations {
    keys: Option<BTreeMap<String, RawKey>>,
    roles: Option<Vec<RawDelegation>>,
}

#[derive(Debug, Clone, Deserialize)]
struct RawDelegation {
    name: String,
    paths: Option<Vec<String>>,
    #[serde(flatten)]
    signers: Signers,
}

impl Kind for Targets {
    const NAME: &'static str = "Targets";

    fn version(&self) -> u64 {
        self.version
    }

    fn expires(&self) -> Timestamp {
        self.expires.0
    }

    fn check(&self, role: &str) -> Result<(), String> {
        let empty = BTreeMap::new();
        let Some(delegations) = &self.delegations else { return Ok(()) };
        let keys = delegations.keys.as_ref().unwrap_or(&empty);
        let mut seen = BTreeSet::new();
        for delegation in delegations.roles.iter().flatten() {
            let name = delegation.name.as_str();
            let parent = name.rsplit_once('/').map(|(parent, _)| parent);
            if !is_delegation(name) || parent != Some(role) {
                return Err(format!("`{role}` hands on to `{}`", name.escape_debug()));
            }
            if !seen.insert(name) {
                return Err(format!("`{name}` is there twice"));
            }
            delegation.signers.check(name, keys)?;
        }
        Ok(())
    }
}

/// A role that may speak for some targets, by the word of its parent.
#[derive(Debug, Clone)]
pub(super) struct Delegation {
    pub(super) name: String,
    /// What the names of its targets must begin with: one of these.
    pub(super) paths: Vec<String>,
    keys: Vec<(String, RawKey)>,
    threshold: usize,
}

impl Delegation {
    /// The role at the top, which may speak for all.
    pub(super) fn top() -> Self {
        Self {
            name: TARGETS.into(),
            paths: vec![String::new()],
            keys: Vec::new(),
            threshold: usize::MAX,
        }
    }

    /// Whether it may speak for the target `name`.
    pub(super) fn may_speak_for(&self, name: &str) -> bool {
        self.paths.iter().any(|path| name.starts_with(path.as_str()))
    }

    /// Its keys.
    pub(super) fn role(&self) -> Role<'_> {
        let keys = self.keys.iter().map(|(id, key)| (id.as_str(), key)).collect();
        Role { keys, threshold: self.threshold }
    }
}

impl Targets {
    /// What is said of the target `name`.
    pub(super) fn target(&self, name: &str) -> Option<&FileMeta> {
        self.files.as_ref()?.get(name)
    }

    /// To whom it hands on, in order; nobody gets more than `own` may speak for itself.
    pub(super) fn delegations(&self, own: &Delegation) -> Vec<Delegation> {
        let empty = BTreeMap::new();
        let Some(delegations) = &self.delegations else { return Vec::new() };
        let keys = delegations.keys.as_ref().unwrap_or(&empty);
        let restricted = |raw: &RawDelegation| {
            let paths = raw.paths.iter().flatten().filter(|path| own.may_speak_for(path));
            let named = |id: &String| Some((id.clone(), keys.get(id)?.clone()));
            Delegation {
                name: raw.name.clone(),
                paths: paths.cloned().collect(),
                keys: raw.signers.keyids.iter().filter_map(named).collect(),
                threshold: raw.signers.threshold,
            }
        };
        delegations.roles.iter().flatten().map(restricted).collect()
    }
}

/// Whether a role can be called so: `targets/` and parts of a path, of few letters.
pub(super) fn is_delegation(name: &str) -> bool {
    const MAX: usize = 255;
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    let mut parts = name.split('/');
    parts.next() == Some(TARGETS)
        && name.len() > TARGETS.len()
        && name.len() <= MAX
        && parts.all(|part| !part.is_empty() && part.bytes().all(plain))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_name_of_a_role_is_a_path_beneath_targets() {
        for name in ["targets/releases", "targets/a/b-c_1"] {
            assert!(is_delegation(name), "{name}");
        }
        for name in
            ["targets", "targets/", "targets//a", "targets/../a", "targets/A", "a/b", "targetsa/b"]
        {
            assert!(!is_delegation(name), "{name}");
        }
        assert!(!is_delegation(&format!("targets/{}", "a".repeat(300))));
    }

    #[test]
    fn nobody_hands_on_more_than_he_has() {
        let targets: Targets = serde_json::from_value(json!({
            "version": 1, "expires": "2030-01-01T00:00:00Z", "targets": null,
            "delegations": {"keys": {}, "roles": [
                {"name": "targets/a/b", "keyids": [], "threshold": 1, "paths": ["v1.2", "w", ""]},
            ]},
        }))
        .expect("targets");
        let own =
            Delegation { name: "targets/a".into(), paths: vec!["v1".into()], ..Delegation::top() };
        let [child] = &targets.delegations(&own)[..] else { panic!("one") };
        assert_eq!(child.paths, ["v1.2"]);
        assert!(child.may_speak_for("v1.2.3") && !child.may_speak_for("v1.3"));
    }
}

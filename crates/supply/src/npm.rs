//! The npm registry's signature over a package: that this name, version and content are what the
//! registry accepted.
//!
//! The rules are those of `npm audit signatures`: every signature must be by a key of the
//! registry that had not ended when the version was published.
//! Source: <https://docs.npmjs.com/about-registry-signatures>, and `lib/registry.js` of npm/pacote.

use std::collections::BTreeMap;

use plimsoll_model::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::artefact::Artefact;
use crate::error::Error;
use crate::hash::HashAlgorithm;
use crate::json::{Bytes, document};
use crate::key::PublicKey;

/// The registry's keys by their identifier.
#[derive(Debug, Clone)]
pub struct Keys(BTreeMap<String, Key>);

#[derive(Debug, Clone)]
struct Key {
    key: PublicKey,
    ends: Option<Timestamp>,
}

/// The public registry's keys, as they were when this version was made.
const BUILT_IN: &str = include_str!("../trust/npm-registry-keys.json");

/// The most bytes of a document, and the most keys and signatures in one.
const MAX_BYTES: usize = 64 << 20;
const MAX_COUNT: usize = 64;

#[derive(Deserialize)]
struct RawKeys {
    keys: Vec<RawKey>,
}

/// As a registry lists it at `/-/npm/v1/keys`, or as Sigstore's repository does.
#[derive(Deserialize)]
#[serde(untagged)]
enum RawKey {
    Registry {
        keyid: String,
        key: Bytes,
        expires: Option<String>,
    },
    Sigstore {
        #[serde(rename = "keyId")]
        key_id: String,
        #[serde(rename = "keyUsage")]
        usage: String,
        #[serde(rename = "publicKey")]
        key: SigstoreKey,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SigstoreKey {
    raw_bytes: Bytes,
    #[serde(default)]
    valid_for: Span,
}

#[derive(Default, Deserialize)]
struct Span {
    end: Option<String>,
}

impl Keys {
    /// The keys of the public registry that are built in.
    pub fn built_in() -> Result<Self, Error> {
        Self::parse(BUILT_IN.as_bytes())
    }

    /// Reads the answer of a registry's `/-/npm/v1/keys`, or the target of Sigstore's repository.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let raw: RawKeys = bounded("npm registry keys", bytes)?;
        if raw.keys.len() > MAX_COUNT {
            return Err(Error::malformed("npm registry keys", format!("more than {MAX_COUNT}")));
        }
        let mut keys = BTreeMap::new();
        for raw in raw.keys {
            let (id, key, ends) = match raw {
                RawKey::Registry { keyid, key, expires } => (keyid, key, expires),
                RawKey::Sigstore { key_id, usage, key } if usage == "npm:signatures" => {
                    (key_id, key.raw_bytes, key.valid_for.end)
                }
                RawKey::Sigstore { .. } => continue,
            };
            let ends = ends.map(|text| time("npm registry keys", &text)).transpose()?;
            let key = PublicKey::from_bytes(&key.0)?;
            keys.insert(id, Key { key, ends });
        }
        Ok(Self(keys))
    }
}

/// What a registry says of one version of a package.
#[derive(Debug, Clone)]
pub struct Version {
    /// The package's name.
    pub name: String,
    /// Its version.
    pub version: String,
    integrity: String,
    signatures: Vec<RegistrySignature>,
    attested: bool,
    published: Option<Timestamp>,
}

#[derive(Debug, Clone, Deserialize)]
struct RegistrySignature {
    keyid: String,
    sig: Bytes,
}

#[derive(Deserialize)]
struct Manifest {
    name: String,
    version: String,
    dist: Dist,
}

#[derive(Deserialize)]
struct Dist {
    integrity: Option<String>,
    #[serde(default)]
    signatures: Vec<RegistrySignature>,
    attestations: Option<Value>,
}

impl Version {
    /// Reads what a registry says at `/NAME/VERSION`, or at `/NAME`, of which `version` is taken.
    pub fn parse(bytes: &[u8], version: Option<&str>) -> Result<Self, Error> {
        let whole: Value = bounded("npm package", bytes)?;
        let version = version.or_else(|| whole.get("version")?.as_str());
        let version = version.map(str::to_owned);
        let Some(version) = version else { return Err(broken("which version is not said")) };
        let published = whole.get("time").and_then(|it| it.get(&version)).and_then(Value::as_str);
        let published = published.map(|text| time("npm package", text)).transpose()?;
        let manifest = match whole.get("versions") {
            Some(all) => all.get(&version).cloned(),
            None => Some(whole),
        };
        let manifest = manifest.ok_or_else(|| broken(format!("no version {version}")))?;
        let manifest: Manifest =
            serde_json::from_value(manifest).map_err(|error| broken(error.to_string()))?;
        if manifest.version != version {
            return Err(broken(format!("version {}, not {version}", manifest.version)));
        }
        if manifest.dist.signatures.len() > MAX_COUNT {
            return Err(broken(format!("more than {MAX_COUNT} signatures")));
        }
        Ok(Self {
            name: manifest.name,
            version,
            integrity: manifest.dist.integrity.ok_or_else(|| broken("no integrity"))?,
            attested: manifest.dist.attestations.is_some(),
            signatures: manifest.dist.signatures,
            published,
        })
    }

    /// Checks that the registry signed this name, version and `tarball`; the keys that it used.
    pub fn verify(&self, tarball: &Artefact, keys: &Keys) -> Result<Vec<String>, Error> {
        self.check_content(tarball)?;
        if self.signatures.is_empty() {
            return Err(broken("the registry signed nothing"));
        }
        let message = format!("{}@{}:{}", self.name, self.version, self.integrity);
        for signature in &self.signatures {
            let id = &signature.keyid;
            let known = keys.0.get(id).ok_or_else(|| broken(format!("no key is called {id}")))?;
            if let Some(ends) = known.ends
                && self.published.is_none_or(|published| published >= ends)
            {
                let when = self.published.map_or("at an unknown time".into(), |it| it.to_string());
                return Err(broken(format!("key {id} ended {ends}, published {when}")));
            }
            known.key.verify(message.as_bytes(), &signature.sig.0)?;
        }
        Ok(self.signatures.iter().map(|it| it.keyid.clone()).collect())
    }

    /// The SHA-512 digest of the tarball, as the registry states it.
    pub fn sha512(&self) -> Option<Vec<u8>> {
        let mut all = self.integrity.split_ascii_whitespace();
        let text = all.find_map(|it| it.strip_prefix("sha512-"))?;
        let digest = Bytes::decode(text.split('?').next()?)?.0;
        (digest.len() == HashAlgorithm::Sha512.len_bytes()).then_some(digest)
    }

    /// Whether the registry says that it signed this version.
    pub fn is_signed(&self) -> bool {
        !self.signatures.is_empty()
    }

    /// Whether the registry says that it has attestations of this version.
    pub fn is_attested(&self) -> bool {
        self.attested
    }

    /// The integrity's SHA-512 must be the tarball's; weaker digests beside it do not count.
    fn check_content(&self, tarball: &Artefact) -> Result<(), Error> {
        let own = tarball.digest(HashAlgorithm::Sha512);
        let own = own.map_err(|error| Error::malformed("artefact", error.to_string()))?;
        let stated = self.sha512();
        if stated.is_some() && own == stated.as_deref() {
            return Ok(());
        }
        Err(broken("the tarball is another than the registry's"))
    }
}

fn bounded<T: serde::de::DeserializeOwned>(what: &'static str, bytes: &[u8]) -> Result<T, Error> {
    if bytes.len() > MAX_BYTES {
        return Err(Error::malformed(what, format!("more than {MAX_BYTES} bytes")));
    }
    document(what, bytes)
}

fn time(what: &'static str, text: &str) -> Result<Timestamp, Error> {
    text.parse().map_err(|_| Error::malformed(what, format!("`{text}` is no time")))
}

fn broken(why: impl Into<String>) -> Error {
    Error::malformed("npm package", why)
}

//! Keys of TUF, and whether enough of them signed.
//!
//! Source: section 4.2 of the TUF specification; the older forms are those of
//! secure-systems-lab/securesystemslib and theupdateframework/go-tuf.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::TufError;
use super::metadata::Document;
use crate::der;
use crate::hash::{HashAlgorithm, from_hex};
use crate::key::{PublicKey, RsaPadding, Scheme, oid};

/// A key as metadata writes it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct RawKey {
    keytype: String,
    scheme: String,
    keyval: KeyValue,
}

#[derive(Debug, Clone, Deserialize)]
struct KeyValue {
    public: String,
}

impl RawKey {
    /// The key and its scheme; `None` for a kind that is not known, which then cannot sign.
    fn read(&self) -> Option<(PublicKey, Scheme)> {
        use HashAlgorithm::{Sha256, Sha384, Sha512};
        let text = self.keyval.public.as_str();
        let key = if text.contains("-----BEGIN") {
            PublicKey::from_pem(text).ok()?
        } else {
            PublicKey::from_spki_der(&spki(&self.keytype, &from_hex(text)?)?).ok()?
        };
        let family = match self.keytype.as_str() {
            "ed25519" => "ed25519",
            "rsa" => "rsa",
            "ecdsa" | "ecdsa-sha2-nistp256" | "ecdsa-sha2-nistp384" | "ecdsa-sha2-nistp521" => {
                "ecdsa"
            }
            _ => return None,
        };
        let scheme = match (family, self.scheme.as_str()) {
            ("ed25519", "ed25519") => Scheme::Ed25519,
            ("ecdsa", "ecdsa-sha2-nistp256") => Scheme::Ecdsa(Sha256),
            ("ecdsa", "ecdsa-sha2-nistp384") => Scheme::Ecdsa(Sha384),
            ("ecdsa", "ecdsa-sha2-nistp521") => Scheme::Ecdsa(Sha512),
            ("rsa", "rsassa-pss-sha256") => Scheme::Rsa(RsaPadding::Pss, Sha256),
            ("rsa", "rsassa-pss-sha384") => Scheme::Rsa(RsaPadding::Pss, Sha384),
            ("rsa", "rsassa-pss-sha512") => Scheme::Rsa(RsaPadding::Pss, Sha512),
            ("rsa", "rsa-pkcs1v15-sha256") => Scheme::Rsa(RsaPadding::Pkcs1v15, Sha256),
            ("rsa", "rsa-pkcs1v15-sha384") => Scheme::Rsa(RsaPadding::Pkcs1v15, Sha384),
            ("rsa", "rsa-pkcs1v15-sha512") => Scheme::Rsa(RsaPadding::Pkcs1v15, Sha512),
            _ => return None,
        };
        Some((key, scheme))
    }
}

/// The `SubjectPublicKeyInfo` around a bare key, as metadata writes Ed25519 and once wrote ECDSA.
fn spki(keytype: &str, bare: &[u8]) -> Option<Vec<u8>> {
    let algorithm = match keytype {
        "ed25519" => der::encode(der::SEQUENCE, &[oid::ED25519]),
        "ecdsa" | "ecdsa-sha2-nistp256" => {
            der::encode(der::SEQUENCE, &[oid::EC_PUBLIC_KEY, oid::SECP256R1])
        }
        "ecdsa-sha2-nistp384" => der::encode(der::SEQUENCE, &[oid::EC_PUBLIC_KEY, oid::SECP384R1]),
        _ => return None,
    };
    Some(der::encode(der::SEQUENCE, &[&algorithm, &der::encode(der::BIT_STRING, &[&[0], bare])]))
}

/// Which keys count for a role, and how many of them must sign.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Signers {
    #[serde(rename = "keyids")]
    pub(super) key_ids: Vec<String>,
    pub(super) threshold: usize,
}

/// The most keys that a role may have.
const MAX_KEYS: usize = 64;

impl Signers {
    pub(super) fn check(&self, role: &str) -> Result<(), TufError> {
        let distinct: BTreeSet<_> = self.key_ids.iter().collect();
        if self.threshold == 0 {
            return Err(TufError::malformed(format!("`{role}` with a threshold of 0")));
        }
        if distinct.len() != self.key_ids.len() {
            return Err(TufError::malformed(format!("`{role}` names a key twice")));
        }
        if self.key_ids.len() > MAX_KEYS {
            let what = format!("keys of `{role}`");
            return Err(TufError::TooMuch { what, most: MAX_KEYS.to_string() });
        }
        Ok(())
    }

    /// Checks that the threshold of these keys signed `document`. Keys are told apart by what
    /// they are, not by what they are called: one key under two names counts once.
    pub(super) fn verify<T>(
        &self,
        keys: &BTreeMap<String, RawKey>,
        document: &Document<T>,
        role: &str,
        by: &str,
    ) -> Result<(), TufError> {
        let mut signed: BTreeSet<Vec<u8>> = BTreeSet::new();
        for id in &self.key_ids {
            let Some((key, scheme)) = keys.get(id).and_then(RawKey::read) else { continue };
            let Some(signature) = document.signature(id) else { continue };
            if key.verify_with(scheme, &document.signed_bytes, &signature).is_ok() {
                signed.insert(key.spki_der().to_vec());
            }
        }
        if signed.len() >= self.threshold {
            return Ok(());
        }
        Err(TufError::Unsigned {
            role: role.to_owned(),
            by: by.to_owned(),
            signed: signed.len(),
            threshold: self.threshold,
        })
    }
}

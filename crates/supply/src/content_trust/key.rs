//! Keys as Notary writes them, and what they sign.
//!
//! A key is called by the digest of its own canonical form, so that a name cannot be given to
//! another key. Source: `tuf/data/keys.go` and `tuf/signed/verifiers.go` of
//! theupdateframework/notary.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::json;

use crate::certificate::Certificate;
use crate::der;
use crate::hash::{HashAlgorithm, hex, sha256};
use crate::key::{KeyKind, PublicKey, RsaPadding, Scheme};
use crate::tuf::canonical;

/// Bytes in standard base64 with its padding: only one text stands for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Base64(pub(super) Vec<u8>);

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(&text).map(Self).map_err(|error| D::Error::custom(error.to_string()))
    }
}

/// A key as metadata writes it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct RawKey {
    keytype: String,
    keyval: KeyValue,
}

#[derive(Debug, Clone, Deserialize)]
struct KeyValue {
    public: Base64,
}

impl RawKey {
    /// The name that this key must have: the SHA-256 digest of its canonical form.
    pub(super) fn id(&self) -> String {
        let public = STANDARD.encode(&self.keyval.public.0);
        let value = json!({
            "keytype": self.keytype, "keyval": {"private": null, "public": public},
        });
        canonical::encode(&value).map(|form| hex(&sha256(&form))).unwrap_or_default()
    }

    /// The name of the key itself where it is in a certificate, as `docker trust inspect` has it.
    pub(super) fn canonical_id(&self) -> String {
        let bare = self.keytype.strip_suffix("-x509").and_then(|keytype| {
            let public = Base64(self.read()?.spki_der().to_vec());
            Some(Self { keytype: keytype.to_owned(), keyval: KeyValue { public } })
        });
        bare.as_ref().unwrap_or(self).id()
    }

    /// The public part: a key in DER, 32 bytes of Ed25519, or certificates in PEM.
    pub(super) fn public(&self) -> &[u8] {
        &self.keyval.public.0
    }

    /// The key; `None` for a kind that is not known, which then cannot sign.
    pub(super) fn read(&self) -> Option<PublicKey> {
        let public = self.public();
        let key = match self.keytype.as_str() {
            "ecdsa" | "rsa" => PublicKey::from_spki_der(public).ok()?,
            "ecdsa-x509" | "rsa-x509" => {
                Certificate::all_from_pem(public).ok()?.first()?.public_key().ok()?
            }
            "ed25519" => PublicKey::from_ed25519(public).ok()?,
            _ => return None,
        };
        let fits = match key.kind() {
            KeyKind::Ecdsa(_) => self.keytype.starts_with("ecdsa"),
            KeyKind::Rsa => self.keytype.starts_with("rsa"),
            KeyKind::Ed25519 => self.keytype == "ed25519",
        };
        fits.then_some(key)
    }
}

/// Whether `key` made `signature` over `message` by the method that Notary calls so.
pub(super) fn verifies(key: &PublicKey, method: &str, message: &[u8], signature: &[u8]) -> bool {
    use HashAlgorithm::Sha256;
    let scheme = match (key.kind(), method) {
        (KeyKind::Ed25519, "eddsa") => Scheme::Ed25519,
        (KeyKind::Ecdsa(_), "ecdsa") => Scheme::Ecdsa(Sha256),
        (KeyKind::Rsa, "rsapss") => Scheme::Rsa(RsaPadding::Pss, Sha256),
        (KeyKind::Rsa, "rsapkcs1v15") => Scheme::Rsa(RsaPadding::Pkcs1v15, Sha256),
        _ => return false,
    };
    let in_der = match key.field_bytes() {
        // Two bare numbers, never DER: some of the former happen to look like the latter.
        Some(field) => match signature.split_at_checked(field) {
            Some((r, s)) if s.len() == field => {
                Some(der::encode(der::SEQUENCE, &[&der::unsigned(r), &der::unsigned(s)]))
            }
            _ => return false,
        },
        None => None,
    };
    key.verify_with(scheme, message, in_der.as_deref().unwrap_or(signature)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_the_name_that_notary_gives_it() {
        // The name is the digest of the canonical form, as `TUFKey.ID` of notary has it.
        let key: RawKey = serde_json::from_value(json!({
            "keytype": "ed25519", "keyval": {"private": null, "public": STANDARD.encode([7; 32])},
        }))
        .expect("a key");
        let form = format!(
            r#"{{"keytype":"ed25519","keyval":{{"private":null,"public":"{}"}}}}"#,
            STANDARD.encode([7; 32])
        );
        assert_eq!(key.id(), hex(&sha256(form.as_bytes())));
    }

    #[test]
    fn base64_has_one_form() {
        let read = |text: &str| serde_json::from_value::<Base64>(json!(text)).ok().map(|it| it.0);
        assert_eq!(read("+/8="), Some(vec![0xfb, 0xff]));
        for other in ["-_8=", "+/8", "+/9=", "+/8=\n", " +/8="] {
            assert_eq!(read(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_key_of_one_kind_is_not_read_as_another() {
        let point = PublicKey::from_ed25519(&[7; 32]).expect("a key");
        for keytype in ["ecdsa", "rsa", "ecdsa-x509", "rsa-x509", "dsa", ""] {
            let key: RawKey = serde_json::from_value(json!({
                "keytype": keytype, "keyval": {"public": STANDARD.encode(point.spki_der())},
            }))
            .expect("a key");
            assert!(key.read().is_none(), "{keytype}");
        }
    }
}

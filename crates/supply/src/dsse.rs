//! DSSE: a signed envelope around a payload that says of which type it is.
//!
//! The signature is over type and payload together, so a payload of one type can never pass for
//! one of another. Source: <https://github.com/secure-systems-lab/dsse>.

use serde::Deserialize;

use crate::error::Error;
use crate::json::{self, Bytes};
use crate::key::{PublicKey, Scheme};

/// An envelope whose signatures were not checked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// What the payload is, such as `application/vnd.in-toto+json`.
    #[serde(alias = "payload_type")]
    pub payload_type: String,
    /// The payload.
    pub payload: Bytes,
    /// The signatures over both.
    #[serde(default)]
    pub signatures: Vec<Signature>,
}

/// One signature of an envelope.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Signature {
    /// The signature.
    pub sig: Bytes,
    /// A hint which key signed; not signed itself.
    #[serde(default)]
    pub keyid: Option<String>,
    /// The signer's certificate in PEM, which some builders add.
    #[serde(default)]
    pub cert: Option<String>,
}

/// The most signatures that an envelope may have.
const MAX_SIGNATURES: usize = 64;

impl Envelope {
    /// Reads an envelope; other fields than those of the format are passed over, as it demands.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let envelope: Self = json::document("DSSE envelope", bytes)?;
        envelope.check()?;
        Ok(envelope)
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        match self.signatures.len() {
            0 => Err(Error::malformed("DSSE envelope", "no signature")),
            1..=MAX_SIGNATURES => Ok(()),
            count => Err(Error::malformed("DSSE envelope", format!("{count} signatures"))),
        }
    }

    /// What is signed.
    pub fn pre_authentication_encoding(&self) -> Vec<u8> {
        pre_authentication_encoding(&self.payload_type, &self.payload.0)
    }

    /// Checks that one of the signatures is made by `key`.
    pub fn verify(&self, key: &PublicKey) -> Result<(), Error> {
        let message = self.pre_authentication_encoding();
        self.signatures
            .iter()
            .find_map(|signature| verify_one(key, &message, &signature.sig.0).ok())
            .ok_or(Error::BadSignature)
    }
}

/// Checks one signature. An envelope is signed with Ed25519 itself, never its prehashed form.
pub(crate) fn verify_one(key: &PublicKey, message: &[u8], signature: &[u8]) -> Result<(), Error> {
    key.artefact_schemes()
        .iter()
        .filter(|scheme| **scheme != Scheme::Ed25519ph)
        .find_map(|scheme| key.verify_with(*scheme, message, signature).ok())
        .ok_or(Error::BadSignature)
}

/// `DSSEv1 <length> <type> <length> <payload>`, lengths in bytes.
pub fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut out =
        format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    out.extend_from_slice(payload);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_counts_bytes() {
        let encoded = pre_authentication_encoding("é", b"\0\n");
        assert_eq!(encoded, "DSSEv1 2 é 2 \0\n".as_bytes());
    }

    #[test]
    fn an_envelope_without_a_signature_or_with_a_field_twice_is_refused() {
        assert!(Envelope::parse(br#"{"payloadType": "a", "payload": ""}"#).is_err());
        let twice = br#"{"payloadType": "a", "payloadType": "b", "payload": "",
            "signatures": [{"sig": ""}]}"#;
        assert!(Envelope::parse(twice).is_err());
    }
}

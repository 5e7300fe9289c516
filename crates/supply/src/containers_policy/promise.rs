//! A log's promise beside a signature: that the log took this signature of this signer over this
//! payload, and when.
//!
//! The promise is over the canonical form of a document, and only that form is read.
//! Sources: `signature/internal/rekor_set.go` of containers/image, RFC 8785.

use plimsoll_model::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::error::Error;
use crate::hash::{HashAlgorithm, from_hex, sha256};
use crate::json::{self, Bytes};
use crate::key::{PublicKey, Scheme, pem};

/// What a promise must be about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signed<'a> {
    /// The signer's key or certificate, in DER.
    pub(super) signer: &'a [u8],
    /// The signature.
    pub(super) signature: &'a [u8],
    /// What it is over.
    pub(super) payload: &'a [u8],
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Promise {
    signed_entry_timestamp: Bytes,
    payload: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Payload {
    body: Bytes,
    integrated_time: i64,
    #[serde(rename = "logIndex")]
    _log_index: i64,
    #[serde(rename = "logID")]
    _log_id: String,
}

#[derive(Deserialize)]
struct Entry {
    kind: String,
    #[serde(rename = "apiVersion")]
    version: String,
    spec: Spec,
}

#[derive(Deserialize)]
struct Spec {
    data: Data,
    signature: SignedWith,
}

#[derive(Deserialize)]
struct Data {
    hash: Hash,
}

#[derive(Deserialize)]
struct Hash {
    algorithm: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignedWith {
    content: Bytes,
    public_key: Content,
}

#[derive(Deserialize)]
struct Content {
    content: Bytes,
}

/// Checks that one of the `logs` promised it, and says when the log took it.
pub(super) fn verify(
    logs: &[PublicKey],
    bytes: &[u8],
    signed: Signed<'_>,
) -> Result<Timestamp, Error> {
    let Promise { signed_entry_timestamp, payload } = json::document("log promise", bytes)?;
    let canonical = serde_json_canonicalizer::to_vec(&payload);
    let canonical = canonical.map_err(|error| broken(error.to_string()))?;
    let scheme = Scheme::Ecdsa(HashAlgorithm::Sha256);
    let by =
        |key: &PublicKey| key.verify_with(scheme, &canonical, &signed_entry_timestamp.0).is_ok();
    if !logs.iter().any(by) {
        return Err(broken("none of the logs' keys signed it"));
    }
    let payload: Payload = json::document("log promise", &canonical)?;
    check_entry(&payload.body.0, signed)?;
    Ok(Timestamp::from_unix(payload.integrated_time))
}

fn check_entry(body: &[u8], signed: Signed<'_>) -> Result<(), Error> {
    let entry: Value = json::value("log entry", body)?;
    let entry: Entry = serde_json::from_value(entry).map_err(|error| broken(error.to_string()))?;
    if (entry.kind.as_str(), entry.version.as_str()) != ("hashedrekord", "0.0.1") {
        return Err(Error::unsupported("log entry", format!("`{}` {}", entry.kind, entry.version)));
    }
    let Spec { data, signature } = entry.spec;
    if only_block(&signature.public_key.content.0)? != signed.signer {
        return Err(broken("it is about another signer"));
    }
    if signature.content.0 != signed.signature {
        return Err(broken("it is about another signature"));
    }
    if data.hash.algorithm != "sha256" {
        return Err(Error::unsupported("hash function", data.hash.algorithm));
    }
    if from_hex(&data.hash.value).is_none_or(|digest| digest != sha256(signed.payload)) {
        return Err(broken("it is about another payload"));
    }
    Ok(())
}

/// The content of a text that is one block, with nothing behind it but the end of its line.
pub(super) fn only_block(text: &[u8]) -> Result<Vec<u8>, Error> {
    let text = std::str::from_utf8(text).map_err(|_| broken("a signer that is not UTF-8"))?;
    if !pem::ends_with_block(text) {
        return Err(broken("a signer with something behind its PEM block"));
    }
    Ok(pem::only_block(text)?.bytes)
}

fn broken(why: impl Into<String>) -> Error {
    Error::malformed("log promise", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_stands_behind_a_signer() {
        let text = pem::encode("PUBLIC KEY", &[1; 40]);
        assert!(only_block(text.as_bytes()).is_ok());
        assert!(only_block(text.trim_end().as_bytes()).is_ok());
        assert!(only_block(format!("{text}\n").as_bytes()).is_err());
        assert!(only_block(format!("{text}more").as_bytes()).is_err());
        assert!(only_block(format!("{text}{text}").as_bytes()).is_err());
        assert!(only_block(b"").is_err());
    }
}

//! Simple signing, as cosign before version 3 keeps it: a payload that names an image's digest,
//! and the annotations of the layer that holds it.
//!
//! Source: <https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md>.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll_model::Digest;
use serde_json::{Value, json};

use crate::cosign::{BUNDLE, CERTIFICATE, CHAIN, SIGNATURE, TIMESTAMP};
use crate::hash::hex;
use crate::key::pem;
use crate::sign::bundle::{Identity, NewBundle};

/// What is signed: that the image called `name` has `digest`, and what the signer adds to that.
pub fn payload(name: &str, digest: &Digest, annotations: &BTreeMap<String, String>) -> Vec<u8> {
    let optional = if annotations.is_empty() { Value::Null } else { json!(annotations) };
    let document = json!({
        "critical": {
            "identity": {"docker-reference": name},
            "image": {"docker-manifest-digest": digest},
            "type": "cosign container image signature",
        },
        "optional": optional,
    });
    document.to_string().into_bytes()
}

/// What the layer of a payload says of it. `chain` are the certificates above the signer's.
pub fn annotations(bundle: &NewBundle, chain: &str) -> BTreeMap<String, String> {
    let signature = STANDARD.encode(bundle.content.signature());
    let mut annotations = BTreeMap::from([(SIGNATURE.to_owned(), signature)]);
    if let Identity::Certificate(der) = &bundle.identity {
        annotations.insert(CERTIFICATE.into(), pem::encode("CERTIFICATE", der));
        annotations.insert(CHAIN.into(), chain.to_owned());
    }
    if let Some(promise) = bundle.entries.iter().find_map(promise) {
        annotations.insert(BUNDLE.into(), promise.to_string());
    }
    if let Some(stamp) = bundle.timestamps.first() {
        let stamp = json!({"SignedRFC3161Timestamp": STANDARD.encode(stamp)});
        annotations.insert(TIMESTAMP.into(), stamp.to_string());
    }
    annotations
}

/// A log's promise as cosign writes it; only the first version of the log gives one.
fn promise(entry: &Value) -> Option<Value> {
    let text = |pointer: &str| entry.pointer(pointer)?.as_str();
    let number = |pointer: &str| text(pointer)?.parse::<i64>().ok();
    let log = STANDARD.decode(text("/logId/keyId")?).ok()?;
    Some(json!({
        "SignedEntryTimestamp": text("/inclusionPromise/signedEntryTimestamp")?,
        "Payload": {
            "body": text("/canonicalizedBody")?,
            "integratedTime": number("/integratedTime")?,
            "logIndex": number("/logIndex")?,
            "logID": hex(&log),
        },
    }))
}

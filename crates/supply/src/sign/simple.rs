//! Simple signing, as cosign before version 3 keeps it: a payload that names an image's digest,
//! and the annotations of the layer that holds it.
//!
//! Source: <https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md>.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll_model::Digest;
use serde_json::{Value, json};

/// The media type of the payload's layer.
pub const MEDIA_TYPE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

/// The media type of an attestation's layer.
pub const ENVELOPE_MEDIA_TYPE: &str = "application/vnd.dsse.envelope.v1+json";

/// The annotation that holds the signature in base64.
pub const SIGNATURE: &str = "dev.cosignproject.cosign/signature";

/// The annotation that holds the signer's certificate in PEM.
pub const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";

/// The annotation that holds the certificates above it.
pub const CHAIN: &str = "dev.sigstore.cosign/chain";

/// The annotation that holds the log's promise to include the entry.
pub const BUNDLE: &str = "dev.sigstore.cosign/bundle";

/// The annotation that holds a timestamp.
pub const TIMESTAMP: &str = "dev.sigstore.cosign/rfc3161timestamp";

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

/// What the layer of a payload says of it.
pub fn annotations(signature: &[u8], timestamps: &[Vec<u8>]) -> BTreeMap<String, String> {
    let mut annotations = BTreeMap::from([(SIGNATURE.into(), STANDARD.encode(signature))]);
    if let Some(stamp) = timestamps.first() {
        let stamp = json!({"SignedRFC3161Timestamp": STANDARD.encode(stamp)});
        annotations.insert(TIMESTAMP.into(), stamp.to_string());
    }
    annotations
}

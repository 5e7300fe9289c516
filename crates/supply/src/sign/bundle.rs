//! Bundles of version 0.3: everything that a verifier needs in one JSON document.
//!
//! Source: <https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto>.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::dsse;
use crate::hash::HashAlgorithm;
use crate::key::PublicKey;

/// The media type of a bundle, which is also the type of the artifact that it hangs on an image as.
pub const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// What was signed, with its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Bytes that are kept elsewhere.
    Message {
        /// By which function `digest` is made.
        hash: HashAlgorithm,
        /// Of the content.
        digest: Vec<u8>,
        /// Of the content.
        signature: Vec<u8>,
    },
    /// A payload and its type.
    Envelope {
        /// What the payload is.
        payload_type: String,
        /// The payload itself.
        payload: Vec<u8>,
        /// Of both.
        signature: Vec<u8>,
    },
}

impl Content {
    /// The signature.
    pub fn signature(&self) -> &[u8] {
        match self {
            Self::Message { signature, .. } | Self::Envelope { signature, .. } => signature,
        }
    }

    /// The function that its digest is made with; SHA-256 where it has none.
    pub fn hash(&self) -> HashAlgorithm {
        match self {
            Self::Message { hash, .. } => *hash,
            Self::Envelope { .. } => HashAlgorithm::Sha256,
        }
    }

    /// The digest that a log keeps of it, by the function that the signature is made with.
    pub fn logged_digest(&self, hash: HashAlgorithm) -> Vec<u8> {
        match self {
            Self::Message { digest, .. } => digest.clone(),
            Self::Envelope { payload_type, payload, .. } => {
                hash.digest(&dsse::pre_authentication_encoding(payload_type, payload))
            }
        }
    }

    /// The DSSE envelope as JSON; `None` of other content.
    pub fn envelope(&self) -> Option<Value> {
        let Self::Envelope { payload_type, payload, signature } = self else { return None };
        Some(json!({
            "payload": STANDARD.encode(payload),
            "payloadType": payload_type,
            "signatures": [{"sig": STANDARD.encode(signature)}],
        }))
    }
}

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// A key that the verifier has.
    Key(PublicKey),
    /// A certificate in DER, which a certificate authority issued for this signature.
    Certificate(Vec<u8>),
}

/// A bundle in the making.
#[derive(Debug, Clone)]
pub struct NewBundle {
    /// What was signed.
    pub content: Content,
    /// By whom.
    pub identity: Identity,
    /// Entries of transparency logs, as `TransparencyLogEntry` in JSON.
    pub entries: Vec<Value>,
    /// Timestamps of the signature: responses of RFC 3161 in DER.
    pub timestamps: Vec<Vec<u8>>,
}

impl NewBundle {
    /// A bundle that no log and no timestamp authority has seen.
    pub fn new(content: Content, identity: Identity) -> Self {
        Self { content, identity, entries: Vec::new(), timestamps: Vec::new() }
    }

    /// The document.
    pub fn to_json(&self) -> Value {
        let mut material = Map::new();
        match &self.identity {
            Identity::Key(key) => {
                let hint = STANDARD.encode(key.id());
                material.insert("publicKey".into(), json!({"hint": hint}));
            }
            Identity::Certificate(der) => {
                material.insert("certificate".into(), json!({"rawBytes": STANDARD.encode(der)}));
            }
        }
        if !self.entries.is_empty() {
            material.insert("tlogEntries".into(), json!(self.entries));
        }
        if !self.timestamps.is_empty() {
            let stamp = |der: &Vec<u8>| json!({"signedTimestamp": STANDARD.encode(der)});
            let stamps: Vec<Value> = self.timestamps.iter().map(stamp).collect();
            let data = json!({"rfc3161Timestamps": stamps});
            material.insert("timestampVerificationData".into(), data);
        }
        let (field, content) = match &self.content {
            Content::Message { hash, digest, signature } => (
                "messageSignature",
                json!({
                    "messageDigest": {
                        "algorithm": hash.proto_name(),
                        "digest": STANDARD.encode(digest),
                    },
                    "signature": STANDARD.encode(signature),
                }),
            ),
            Content::Envelope { .. } => {
                ("dsseEnvelope", self.content.envelope().unwrap_or_default())
            }
        };
        json!({"mediaType": MEDIA_TYPE, "verificationMaterial": material, field: content})
    }
}

//! Sigstore's bundle: a signature with all that is needed to check it.
//!
//! Read as strictly as a protocol buffer: a field that is not known, or is there twice, makes the
//! bundle unreadable. Versions 0.1 to 0.3.
//! Source: `sigstore_bundle.proto` of sigstore/protobuf-specs.

use serde::Deserialize;

use crate::certificate::Certificate;
use crate::dsse;
use crate::error::Error;
use crate::hash::HashAlgorithm;
use crate::json::{self, Bytes, Int64};
use crate::log::{Entry, InclusionProof};

/// A bundle whose parts were read and of which nothing was checked.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// The version, such as `0.3`.
    pub version: &'static str,
    /// What was signed, and the signature.
    pub content: Content,
    /// Who says to have signed.
    pub signer: Signer,
    /// Entries of transparency logs.
    pub entries: Vec<Entry>,
    /// Timestamps of RFC 3161, in DER.
    pub timestamps: Vec<Vec<u8>>,
    /// The envelope as it was uploaded, where it came as a document of its own.
    pub envelope_bytes: Option<Vec<u8>>,
}

/// What was signed, and the signature.
#[derive(Debug, Clone)]
pub enum Content {
    /// An artefact itself.
    Message {
        /// The signature.
        signature: Vec<u8>,
        /// The digest that the bundle names; nobody signed it.
        digest: Option<(HashAlgorithm, Vec<u8>)>,
    },
    /// A claim in an envelope.
    Envelope(dsse::Envelope),
}

impl Content {
    /// The one signature.
    pub fn signature(&self) -> &[u8] {
        match self {
            Self::Message { signature, .. } => signature,
            Self::Envelope(envelope) => {
                envelope.signatures.first().map(|it| it.sig.0.as_slice()).unwrap_or_default()
            }
        }
    }
}

/// Who says to have signed.
#[derive(Debug, Clone)]
pub enum Signer {
    /// The holder of a certificate's key, with the certificates that the bundle adds.
    Certificate(Box<Certificate>, Vec<Certificate>),
    /// The holder of a key, which the verifier must have; the text is a hint which.
    Key(String),
}

/// The largest bundle that is read, in bytes.
pub const MAX_BYTES: usize = 32 * 1024 * 1024;

/// The most bundles in one file.
const MAX_BUNDLES: usize = 1000;

/// The most entries of logs that a bundle may have.
const MAX_ENTRIES: usize = 32;

/// The most timestamps that a bundle may have.
const MAX_TIMESTAMPS: usize = 32;

/// The most certificates that a bundle may have.
const MAX_CERTIFICATES: usize = 16;

/// Each media type with the version that it stands for.
const MEDIA_TYPES: &[(&str, &str)] = &[
    ("application/vnd.dev.sigstore.bundle+json;version=0.1", "0.1"),
    ("application/vnd.dev.sigstore.bundle+json;version=0.2", "0.2"),
    ("application/vnd.dev.sigstore.bundle+json;version=0.3", "0.3"),
    ("application/vnd.dev.sigstore.bundle.v0.1+json", "0.1"),
    ("application/vnd.dev.sigstore.bundle.v0.2+json", "0.2"),
    ("application/vnd.dev.sigstore.bundle.v0.3+json", "0.3"),
    ("application/vnd.dev.sigstore.bundle.v0.3.1+json", "0.3"),
];

impl Bundle {
    /// Reads a bundle from JSON.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_BYTES {
            return Err(broken(format!("{} bytes, more than {MAX_BYTES}", bytes.len())));
        }
        let raw: RawBundle = json::document("bundle", bytes)?;
        raw.read()
    }

    /// Reads several bundles, one a line, as `gh attestation download` writes them, or one over
    /// all lines. A line that is no bundle spoils no other.
    pub fn all_from_json(bytes: &[u8]) -> Result<Vec<Result<Self, Error>>, Error> {
        if bytes.len() > MAX_BYTES {
            return Err(broken(format!("{} bytes, more than {MAX_BYTES}", bytes.len())));
        }
        let lines = json::lines("bundle", bytes);
        if lines.len() > MAX_BUNDLES {
            return Err(broken(format!("{} bundles, more than {MAX_BUNDLES}", lines.len())));
        }
        Ok(lines.into_iter().map(Self::parse).collect())
    }

    fn check_promises(&self) -> Result<(), Error> {
        let has =
            |wanted: fn(&Entry) -> bool| self.entries.is_empty() || self.entries.iter().any(wanted);
        match self.version {
            "0.1" if !has(|entry| entry.promise.is_some()) => {
                Err(broken("version 0.1 needs an inclusion promise"))
            }
            "0.2" | "0.3" if !has(|entry| entry.proof.is_some()) => {
                Err(broken(format!("version {} needs an inclusion proof", self.version)))
            }
            _ => Ok(()),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawBundle {
    #[serde(alias = "media_type")]
    media_type: String,
    #[serde(alias = "verification_material")]
    verification_material: Material,
    #[serde(alias = "message_signature")]
    message_signature: Option<MessageSignature>,
    #[serde(alias = "dsse_envelope")]
    dsse_envelope: Option<RawEnvelope>,
}

impl RawBundle {
    fn read(self) -> Result<Bundle, Error> {
        let version = MEDIA_TYPES
            .iter()
            .find(|(name, _)| *name == self.media_type)
            .map(|(_, version)| *version)
            .ok_or_else(|| {
                Error::unsupported("bundle", format!("media type `{}`", self.media_type))
            })?;
        let content = match (self.message_signature, self.dsse_envelope) {
            (Some(message), None) => message.read()?,
            (None, Some(envelope)) => Content::Envelope(envelope.read()?),
            _ => return Err(broken("not exactly one of messageSignature and dsseEnvelope")),
        };
        let material = self.verification_material;
        let chain = material.x509_certificate_chain;
        if version == "0.3" && chain.is_some() {
            return Err(broken("version 0.3 allows one certificate, not a chain"));
        }
        let signer = match (material.public_key, material.certificate, chain) {
            (Some(key), None, None) => Signer::Key(key.hint.unwrap_or_default()),
            (None, Some(certificate), None) => {
                let certificate = Certificate::from_der(&certificate.raw_bytes.0)?;
                Signer::Certificate(Box::new(certificate), Vec::new())
            }
            (None, None, Some(chain)) => read_chain(&chain.certificates)?,
            _ => return Err(broken("not exactly one of publicKey, certificate and chain")),
        };
        let entries = material.tlog_entries.unwrap_or_default();
        if entries.len() > MAX_ENTRIES {
            return Err(broken(format!("{} log entries, more than {MAX_ENTRIES}", entries.len())));
        }
        let entries = entries.into_iter().map(RawEntry::read).collect::<Result<_, _>>()?;
        let timestamps = material
            .timestamp_verification_data
            .and_then(|data| data.rfc3161_timestamps)
            .unwrap_or_default();
        if timestamps.len() > MAX_TIMESTAMPS {
            let count = timestamps.len();
            return Err(broken(format!("{count} timestamps, more than {MAX_TIMESTAMPS}")));
        }
        let timestamps = timestamps.into_iter().map(|it| it.signed_timestamp.0).collect();
        let bundle = Bundle { version, content, signer, entries, timestamps, envelope_bytes: None };
        bundle.check_promises()?;
        Ok(bundle)
    }
}

fn read_chain(chain: &[RawCertificate]) -> Result<Signer, Error> {
    if chain.len() > MAX_CERTIFICATES {
        return Err(broken(format!("more than {MAX_CERTIFICATES} certificates")));
    }
    let mut certificates = chain
        .iter()
        .map(|it| Certificate::from_der(&it.raw_bytes.0))
        .collect::<Result<Vec<_>, _>>()?;
    if certificates.is_empty() {
        return Err(broken("the certificate chain is empty"));
    }
    let leaf = certificates.remove(0);
    Ok(Signer::Certificate(Box::new(leaf), certificates))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Material {
    #[serde(alias = "public_key")]
    public_key: Option<PublicKeyHint>,
    certificate: Option<RawCertificate>,
    #[serde(alias = "x509_certificate_chain")]
    x509_certificate_chain: Option<CertificateChain>,
    #[serde(alias = "tlog_entries")]
    tlog_entries: Option<Vec<RawEntry>>,
    #[serde(alias = "timestamp_verification_data")]
    timestamp_verification_data: Option<TimestampData>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PublicKeyHint {
    hint: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CertificateChain {
    #[serde(default)]
    certificates: Vec<RawCertificate>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawCertificate {
    #[serde(alias = "raw_bytes")]
    raw_bytes: Bytes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TimestampData {
    #[serde(alias = "rfc3161_timestamps")]
    rfc3161_timestamps: Option<Vec<SignedTimestamp>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SignedTimestamp {
    #[serde(alias = "signed_timestamp")]
    signed_timestamp: Bytes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MessageSignature {
    #[serde(alias = "message_digest")]
    message_digest: Option<MessageDigest>,
    signature: Bytes,
}

impl MessageSignature {
    fn read(self) -> Result<Content, Error> {
        let digest = match self.message_digest {
            None => None,
            Some(digest) => {
                let hash = HashAlgorithm::named(&digest.algorithm)
                    .ok_or_else(|| Error::unsupported("message digest", digest.algorithm))?;
                Some((hash, digest.digest.0))
            }
        };
        if self.signature.0.is_empty() {
            return Err(broken("the signature is empty"));
        }
        Ok(Content::Message { signature: self.signature.0, digest })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MessageDigest {
    algorithm: String,
    digest: Bytes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawEnvelope {
    payload: Bytes,
    #[serde(alias = "payload_type")]
    payload_type: String,
    #[serde(default)]
    signatures: Vec<RawSignature>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSignature {
    sig: Bytes,
    keyid: Option<String>,
}

impl RawEnvelope {
    fn read(self) -> Result<dsse::Envelope, Error> {
        // One signer made the bundle, so there is one signature, although DSSE allows several.
        if self.signatures.len() != 1 {
            return Err(broken(format!("{} signatures in the envelope", self.signatures.len())));
        }
        let signatures = self
            .signatures
            .into_iter()
            .map(|it| dsse::Signature { sig: it.sig, keyid: it.keyid, cert: None })
            .collect();
        Ok(dsse::Envelope { payload_type: self.payload_type, payload: self.payload, signatures })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawEntry {
    #[serde(alias = "log_index", default)]
    log_index: Int64,
    #[serde(alias = "log_id")]
    log_id: LogId,
    #[serde(alias = "kind_version")]
    kind_version: KindVersion,
    #[serde(alias = "integrated_time", default)]
    integrated_time: Int64,
    #[serde(alias = "inclusion_promise")]
    inclusion_promise: Option<InclusionPromise>,
    #[serde(alias = "inclusion_proof")]
    inclusion_proof: Option<RawProof>,
    #[serde(alias = "canonicalized_body")]
    canonicalized_body: Bytes,
}

impl RawEntry {
    fn read(self) -> Result<Entry, Error> {
        if self.log_index.0 < 0 {
            return Err(broken(format!("the log index {} is negative", self.log_index.0)));
        }
        let promise = self
            .inclusion_promise
            .and_then(|promise| promise.signed_entry_timestamp)
            .map(|bytes| bytes.0)
            .filter(|bytes| !bytes.is_empty());
        let proof = match self.inclusion_proof {
            None => None,
            Some(proof) => Some(InclusionProof {
                index: proof.log_index.0,
                tree_size: proof.tree_size.0,
                root: proof.root_hash.0,
                hashes: proof.hashes.unwrap_or_default().into_iter().map(|it| it.0).collect(),
                checkpoint: proof
                    .checkpoint
                    .and_then(|it| it.envelope)
                    .filter(|envelope| !envelope.is_empty())
                    .ok_or_else(|| broken("an inclusion proof without a checkpoint"))?,
            }),
        };
        Ok(Entry {
            index: self.log_index.0,
            log_id: self.log_id.key_id.0,
            kind_version: Some((self.kind_version.kind, self.kind_version.version)),
            integrated_time: self.integrated_time.0,
            promise,
            proof,
            body: self.canonicalized_body.0,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LogId {
    #[serde(alias = "key_id")]
    key_id: Bytes,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KindVersion {
    kind: String,
    version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct InclusionPromise {
    #[serde(alias = "signed_entry_timestamp")]
    signed_entry_timestamp: Option<Bytes>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawProof {
    #[serde(alias = "log_index", default)]
    log_index: Int64,
    #[serde(alias = "root_hash", default)]
    root_hash: Bytes,
    #[serde(alias = "tree_size", default)]
    tree_size: Int64,
    hashes: Option<Vec<Bytes>>,
    checkpoint: Option<RawCheckpoint>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCheckpoint {
    envelope: Option<String>,
}

fn broken(why: impl Into<String>) -> Error {
    Error::malformed("bundle", why)
}

//! Signatures as cosign kept them before bundles: a layer, and the rest in its annotations.
//!
//! Source: `specs/SIGNATURE_SPEC.md` of sigstore/cosign.

use serde::Deserialize;

use crate::bundle::{Bundle, Content, Signer};
use crate::certificate::Certificate;
use crate::dsse::Envelope;
use crate::error::Error;
use crate::hash::from_hex;
use crate::json::{self, Bytes};
use crate::log::Entry;

/// The annotation with the signature, in base64.
pub const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
/// The annotation with the signer's certificate, in PEM.
pub const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
/// The annotation with the certificates above it, in PEM.
pub const CHAIN: &str = "dev.sigstore.cosign/chain";
/// The annotation with the log's promise.
pub const BUNDLE: &str = "dev.sigstore.cosign/bundle";
/// The annotation with a timestamp of RFC 3161.
pub const TIMESTAMP: &str = "dev.sigstore.cosign/rfc3161timestamp";
/// The media type of a layer that is a signed claim in an envelope.
pub const ENVELOPE_MEDIA_TYPE: &str = "application/vnd.dsse.envelope.v1+json";
/// The media type of a layer that is a signed reference to an image.
pub const SIMPLE_SIGNING_MEDIA_TYPE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

/// Puts a layer and its annotations together as a bundle.
///
/// With `is_envelope` the layer is a DSSE envelope; else it is what was signed itself, and the
/// verifier is handed it as the artefact.
pub fn bundle<'a>(
    layer: &[u8],
    is_envelope: bool,
    annotation: impl Fn(&str) -> Option<&'a str>,
) -> Result<Bundle, Error> {
    let content = if is_envelope {
        Content::Envelope(Envelope::parse(layer)?)
    } else {
        let signature = annotation(SIGNATURE).and_then(Bytes::decode);
        let signature = signature.ok_or_else(|| broken("no signature in base64"))?.0;
        Content::Message { signature, digest: None }
    };
    let signer = match annotation(CERTIFICATE).filter(|pem| !pem.is_empty()) {
        None => Signer::Key(String::new()),
        Some(pem) => {
            let leaf = Certificate::from_bytes(pem.as_bytes())?;
            let more = match annotation(CHAIN).filter(|pem| !pem.is_empty()) {
                Some(pem) => Certificate::all_from_pem(pem.as_bytes())?,
                None => Vec::new(),
            };
            let more = more.into_iter().filter(|it| !it.is_self_issued()).collect();
            Signer::Certificate(Box::new(leaf), more)
        }
    };
    let entries = match annotation(BUNDLE).filter(|text| !text.is_empty()) {
        Some(text) => vec![entry(text.as_bytes())?],
        None => Vec::new(),
    };
    let timestamps = match annotation(TIMESTAMP).filter(|text| !text.is_empty()) {
        Some(text) => vec![timestamp(text.as_bytes())?],
        None => Vec::new(),
    };
    let envelope_bytes = is_envelope.then(|| layer.to_vec());
    Ok(Bundle { version: "cosign", content, signer, entries, timestamps, envelope_bytes })
}

/// Reads a log's promise as cosign writes it.
pub fn entry(bytes: &[u8]) -> Result<Entry, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Promise {
        signed_entry_timestamp: Bytes,
        payload: Payload,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Payload {
        body: Bytes,
        integrated_time: i64,
        log_index: i64,
        #[serde(rename = "logID")]
        log_id: String,
    }
    let promise: Promise = json::document("cosign bundle", bytes)?;
    let payload = promise.payload;
    Ok(Entry {
        index: payload.log_index,
        log_id: from_hex(&payload.log_id).ok_or_else(|| broken("a log's name that is no hex"))?,
        kind_version: None,
        integrated_time: payload.integrated_time,
        promise: Some(promise.signed_entry_timestamp.0),
        proof: None,
        body: payload.body.0,
    })
}

fn timestamp(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Stamp {
        #[serde(rename = "SignedRFC3161Timestamp")]
        timestamp: Bytes,
    }
    let stamp: Stamp = json::document("cosign timestamp", bytes)?;
    Ok(stamp.timestamp.0)
}

fn broken(why: impl Into<String>) -> Error {
    Error::malformed("cosign signature", why)
}

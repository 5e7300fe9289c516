//! Entries in a transparency log, of either version.
//!
//! Sources: <https://github.com/sigstore/rekor/blob/main/openapi.yaml> (version 1),
//! <https://github.com/sigstore/rekor-tiles/blob/main/api/proto/rekor/v2/> (version 2),
//! <https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_rekor.proto>.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll_supply::Error;
use plimsoll_supply::bundle::Bundle;
use plimsoll_supply::certificate::Certificate;
use plimsoll_supply::hash::{from_hex, hex, sha256};
use plimsoll_supply::key::{Curve, KeyKind, PublicKey, Scheme, pem};
use plimsoll_supply::log::{Body, Subject};
use plimsoll_supply::sign::bundle::{Content, Identity, NewBundle};
use plimsoll_supply::trust::TrustedRoot;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::web::{Answer, Web, WitnessError, address};

/// Sigstore's public instance, of version 1.
pub const PUBLIC_GOOD: &str = "https://rekor.sigstore.dev";

/// Which interface a log has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// Entries are promised at once and have a time.
    V1,
    /// Tiles: entries are included at once and have no time.
    V2,
}

/// How a log of version 1 keeps an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Envelopes {
    /// Its digests and signatures: kind `dsse`.
    Dsse,
    /// The older kind `intoto`, which keeps the payload as well.
    Intoto,
}

/// A log, and how it is spoken to.
#[derive(Debug, Clone, Copy)]
pub struct Log<'a> {
    /// Its address.
    pub base: &'a str,
    /// Its interface.
    pub version: Version,
    /// Which kind of entry an envelope becomes.
    pub envelopes: Envelopes,
}

/// Whether it was checked that an entry is a log's own word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// Its promise and its checkpoint are signed by the log that is trusted.
    Checked,
    /// The log is not one of those that are trusted, so that its signatures could not be checked:
    /// its identifier in hexadecimal.
    Unknown(String),
}

/// Publishes a bundle's signature in a log, and adds the log's entry to the bundle.
///
/// The entry must be about this very signature, signer and content, and proven to be in the tree of
/// its checkpoint; where `root` knows the log, promise and checkpoint must be signed by it. An entry
/// of which that is not so is an error, because whoever verifies the bundle would refuse it.
pub fn publish(
    web: &Web,
    log: Log<'_>,
    scheme: Scheme,
    root: &TrustedRoot,
    bundle: &mut NewBundle,
) -> Result<Word, WitnessError> {
    let (answer, entry) = match log.version {
        Version::V1 => first(web, log, bundle)?,
        Version::V2 => second(web, log.base, scheme, bundle)?,
    };
    bundle.entries.push(entry);
    let checked = check(bundle, root).map_err(|error| answer.useless(&error.to_string()));
    if checked.is_err() {
        bundle.entries.pop();
    }
    checked
}

/// Checks the newest entry of a bundle.
fn check(bundle: &NewBundle, root: &TrustedRoot) -> Result<Word, Error> {
    let wrong = |why: &str| Error::malformed("log entry", why);
    let read = Bundle::parse(bundle.to_json().to_string().as_bytes())?;
    let entry = read.entries.last().ok_or_else(|| wrong("none"))?;
    let body = Body::parse(&entry.body)?;
    let [(Some(signature), verifier)] = body.signatures.as_slice() else {
        return Err(wrong("not of exactly one signature"));
    };
    if signature != bundle.content.signature() {
        return Err(wrong("it is of another signature"));
    }
    let (certificate, key) = match &bundle.identity {
        Identity::Key(key) => (None, key.clone()),
        Identity::Certificate(der) => {
            let certificate = Certificate::from_der(der)?;
            let key = certificate.public_key()?;
            (Some(certificate), key)
        }
    };
    if !verifier.is(certificate.as_ref(), &key) {
        return Err(wrong("it is of another signer"));
    }
    let digest = match (&bundle.content, body.subject) {
        (Content::Envelope { payload, .. }, Subject::Payload) => body.hash.digest(payload),
        _ => bundle.content.logged_digest(body.hash),
    };
    if digest != body.digest {
        return Err(wrong("it is of other content"));
    }
    if let Some(proof) = &entry.proof {
        entry.verify_inclusion(proof, body.is_v2())?;
    } else if body.is_v2() || entry.promise.is_none() {
        return Err(wrong("it has no proof that the log keeps it"));
    }
    let Some(log) = root.log(&entry.log_id)? else {
        return Ok(Word::Unknown(hex(&entry.log_id)));
    };
    if let Some(promise) = &entry.promise {
        entry.verify_promise(promise, &log)?;
    }
    if let Some(proof) = &entry.proof {
        entry.verify_proof(proof, &log, body.is_v2())?;
    }
    Ok(Word::Checked)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Logged {
    body: String,
    integrated_time: i64,
    #[serde(rename = "logID")]
    log_id: String,
    log_index: i64,
    verification: Verification,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verification {
    inclusion_proof: Option<Proof>,
    signed_entry_timestamp: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Proof {
    checkpoint: String,
    hashes: Vec<String>,
    log_index: i64,
    root_hash: String,
    tree_size: i64,
}

fn first(web: &Web, log: Log<'_>, bundle: &NewBundle) -> Result<(Answer, Value), WitnessError> {
    let url = address(log.base, "/api/v1/log/entries")?;
    let verifier = STANDARD.encode(match &bundle.identity {
        Identity::Key(key) => key.to_pem(),
        Identity::Certificate(der) => pem::encode("CERTIFICATE", der),
    });
    let (kind, version, spec) = if let Some(envelope) = bundle.content.envelope() {
        match log.envelopes {
            Envelopes::Dsse => {
                let proposed = json!({"envelope": envelope.to_string(), "verifiers": [verifier]});
                ("dsse", "0.0.1", json!({"proposedContent": proposed}))
            }
            Envelopes::Intoto => ("intoto", "0.0.2", intoto(&envelope, &verifier)),
        }
    } else {
        let hash = bundle.content.hash();
        let digest = bundle.content.logged_digest(hash);
        let signature = STANDARD.encode(bundle.content.signature());
        let spec = json!({
            "signature": {"content": signature, "publicKey": {"content": verifier}},
            "data": {"hash": {"algorithm": hash.name(), "value": hex(&digest)}},
        });
        ("hashedrekord", "0.0.1", spec)
    };
    let body = json!({"apiVersion": version, "kind": kind, "spec": spec});
    let request = web.post(&url).header("Content-Type", "application/json");
    let request = request.header("Accept", "application/json").body(body.to_string());
    let mut answer = Web::send(&url, request)?;
    // The very same entry is there already, from an earlier run: it serves as well.
    if let (409, Some(place)) = (answer.status.as_u16(), answer.location.as_deref())
        && place.starts_with('/')
    {
        let url = url.join(place).map_err(|error| answer.useless(&error.to_string()))?;
        answer = Web::send(&url, web.get(&url).header("Accept", "application/json"))?;
    }
    let answer = answer.accepted()?;
    let entries: BTreeMap<String, Logged> = answer.json()?;
    let logged = entries.into_values().next().ok_or_else(|| answer.useless("no entry"))?;
    let entry = entry(&answer, kind, version, &logged)?;
    Ok((answer, entry))
}

/// An envelope as the kind `intoto` wants it: what is base64 in the envelope is so once more.
fn intoto(envelope: &Value, verifier: &str) -> Value {
    let text =
        |pointer: &str| envelope.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let signature = STANDARD.encode(text("/signatures/0/sig"));
    json!({"content": {
        "envelope": {
            "payloadType": text("/payloadType"),
            "payload": STANDARD.encode(text("/payload")),
            "signatures": [{"sig": signature, "publicKey": verifier}],
        },
        "hash": {"algorithm": "sha256", "value": hex(&sha256(envelope.to_string().as_bytes()))},
    }})
}

/// The entry as bundles have it.
fn entry(
    answer: &Answer,
    kind: &str,
    version: &str,
    logged: &Logged,
) -> Result<Value, WitnessError> {
    let bytes = |hex: &str| {
        let bytes = from_hex(hex).ok_or_else(|| answer.useless("a hash that is no hex"))?;
        Ok::<_, WitnessError>(STANDARD.encode(bytes))
    };
    let mut entry = json!({
        "logIndex": logged.log_index.to_string(),
        "logId": {"keyId": bytes(&logged.log_id)?},
        "kindVersion": {"kind": kind, "version": version},
        "integratedTime": logged.integrated_time.to_string(),
        "inclusionPromise": {"signedEntryTimestamp": logged.verification.signed_entry_timestamp},
        "canonicalizedBody": logged.body,
    });
    if let (Some(proof), Some(fields)) =
        (&logged.verification.inclusion_proof, entry.as_object_mut())
    {
        let hashes = proof.hashes.iter().map(|it| bytes(it)).collect::<Result<Vec<_>, _>>()?;
        let proof = json!({
            "logIndex": proof.log_index.to_string(),
            "rootHash": bytes(&proof.root_hash)?,
            "treeSize": proof.tree_size.to_string(),
            "hashes": hashes,
            "checkpoint": {"envelope": proof.checkpoint},
        });
        fields.insert("inclusionProof".into(), proof);
    }
    Ok(entry)
}

fn second(
    web: &Web,
    base: &str,
    scheme: Scheme,
    bundle: &NewBundle,
) -> Result<(Answer, Value), WitnessError> {
    let url = address(base, "/api/v2/log/entries")?;
    let (field, der, details) = match &bundle.identity {
        Identity::Key(key) => ("publicKey", key.spki_der().to_vec(), details(key)),
        Identity::Certificate(der) => {
            let certificate = Certificate::from_der(der)?;
            ("x509Certificate", der.clone(), details(&certificate.public_key()?))
        }
    };
    let hash = scheme.hash().unwrap_or(plimsoll_supply::hash::HashAlgorithm::Sha512);
    let mut verifier = json!({"keyDetails": details});
    if let Some(fields) = verifier.as_object_mut() {
        fields.insert(field.into(), json!({"rawBytes": STANDARD.encode(der)}));
    }
    let body = json!({
        "hashedRekordRequestV002": {
            "digest": STANDARD.encode(bundle.content.logged_digest(hash)),
            "signature": {
                "content": STANDARD.encode(bundle.content.signature()),
                "verifier": verifier,
            },
        },
    });
    let request = web.post(&url).header("Content-Type", "application/json");
    let answer = Web::send(&url, request.body(body.to_string()))?.accepted()?;
    let entry: Value = answer.json()?;
    let is_entry = entry.get("canonicalizedBody").is_some() && entry.get("logId").is_some();
    if is_entry { Ok((answer, entry)) } else { Err(answer.useless("no entry of a log")) }
}

/// How the log names a key's algorithm.
fn details(key: &PublicKey) -> &'static str {
    match key.kind() {
        KeyKind::Ecdsa(Curve::P256) => "PKIX_ECDSA_P256_SHA_256",
        KeyKind::Ecdsa(Curve::P384) => "PKIX_ECDSA_P384_SHA_384",
        KeyKind::Ecdsa(Curve::P521) => "PKIX_ECDSA_P521_SHA_512",
        KeyKind::Ed25519 => "PKIX_ED25519_PH",
        // The `RSAPublicKey` has the modulus and about fourteen bytes more.
        KeyKind::Rsa => match key.material().len() {
            ..300 => "PKIX_RSA_PKCS1V15_2048_SHA256",
            300..420 => "PKIX_RSA_PKCS1V15_3072_SHA256",
            _ => "PKIX_RSA_PKCS1V15_4096_SHA256",
        },
    }
}

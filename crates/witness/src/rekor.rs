//! Entries in a transparency log, of either version.
//!
//! Sources: <https://github.com/sigstore/rekor/blob/main/openapi.yaml> (version 1),
//! <https://github.com/sigstore/rekor-tiles/blob/main/api/proto/rekor/v2/> (version 2),
//! <https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_rekor.proto>.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll_supply::hash::{from_hex, hex};
use plimsoll_supply::key::{Curve, KeyKind, PublicKey, Scheme, pem};
use plimsoll_supply::sign::bundle::{Identity, NewBundle};
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

/// Publishes a bundle's signature in the log at `base`, and adds the log's entry to the bundle.
pub fn publish(
    web: &Web,
    base: &str,
    version: Version,
    scheme: Scheme,
    bundle: &mut NewBundle,
) -> Result<(), WitnessError> {
    let entry = match version {
        Version::V1 => first(web, base, bundle)?,
        Version::V2 => second(web, base, scheme, bundle)?,
    };
    bundle.entries.push(entry);
    Ok(())
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

fn first(web: &Web, base: &str, bundle: &NewBundle) -> Result<Value, WitnessError> {
    let url = address(base, "/api/v1/log/entries")?;
    let verifier = STANDARD.encode(match &bundle.identity {
        Identity::Key(key) => key.to_pem(),
        Identity::Certificate(der) => pem::encode("CERTIFICATE", der),
    });
    let (kind, spec) = if let Some(envelope) = bundle.content.envelope() {
        let proposed = json!({"envelope": envelope.to_string(), "verifiers": [verifier]});
        ("dsse", json!({"proposedContent": proposed}))
    } else {
        let hash = bundle.content.hash();
        let digest = bundle.content.logged_digest(hash);
        let signature = STANDARD.encode(bundle.content.signature());
        let spec = json!({
            "signature": {"content": signature, "publicKey": {"content": verifier}},
            "data": {"hash": {"algorithm": hash.name(), "value": hex(&digest)}},
        });
        ("hashedrekord", spec)
    };
    let body = json!({"apiVersion": "0.0.1", "kind": kind, "spec": spec});
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
    entry(&answer, kind, &logged)
}

/// The entry as bundles have it.
fn entry(answer: &Answer, kind: &str, logged: &Logged) -> Result<Value, WitnessError> {
    let bytes = |hex: &str| {
        let bytes = from_hex(hex).ok_or_else(|| answer.useless("a hash that is no hex"))?;
        Ok::<_, WitnessError>(STANDARD.encode(bytes))
    };
    let mut entry = json!({
        "logIndex": logged.log_index.to_string(),
        "logId": {"keyId": bytes(&logged.log_id)?},
        "kindVersion": {"kind": kind, "version": "0.0.1"},
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
) -> Result<Value, WitnessError> {
    let url = address(base, "/api/v2/log/entries")?;
    let (field, der, details) = match &bundle.identity {
        Identity::Key(key) => ("publicKey", key.spki_der().to_vec(), details(key)),
        Identity::Certificate(der) => {
            let certificate = plimsoll_supply::certificate::Certificate::from_der(der)?;
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
    if is_entry { Ok(entry) } else { Err(answer.useless("no entry of a log")) }
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

//! A certificate for a key, issued to whoever an identity token names.
//!
//! Source: <https://github.com/sigstore/fulcio/blob/main/fulcio.proto>, version 2.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll_supply::certificate::Certificate;
use plimsoll_supply::key::KeyKind;
use plimsoll_supply::sign::Signer;
use serde::Deserialize;
use serde_json::json;

use crate::oidc::Token;
use crate::web::{Web, WitnessError, address};

/// Sigstore's public instance.
pub const PUBLIC_GOOD: &str = "https://fulcio.sigstore.dev";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Issued {
    signed_certificate_embedded_sct: Option<WithChain>,
    signed_certificate_detached_sct: Option<WithChain>,
}

#[derive(Deserialize)]
struct WithChain {
    chain: Chain,
}

#[derive(Deserialize)]
struct Chain {
    certificates: Vec<String>,
}

/// Has the authority at `base` certify the signer's key for the one whom `token` names; the
/// certificate first, then those above it.
pub fn certify(
    web: &Web,
    base: &str,
    token: &Token,
    signer: &dyn Signer,
) -> Result<Vec<Certificate>, WitnessError> {
    let url = address(base, "/api/v2/signingCert")?;
    let algorithm = match signer.public().kind() {
        KeyKind::Ecdsa(_) => "ECDSA",
        KeyKind::Ed25519 => "ED25519",
        KeyKind::Rsa => "RSA_PSS",
    };
    let scheme = signer.public().default_scheme();
    let proof = signer.sign(scheme, token.subject().as_bytes())?;
    let body = json!({
        "publicKeyRequest": {
            "publicKey": {"algorithm": algorithm, "content": signer.public().to_pem()},
            "proofOfPossession": STANDARD.encode(proof),
        },
    });
    let request = web
        .post(&url)
        .bearer_auth(token.secret())
        .header("Content-Type", "application/json")
        .body(body.to_string());
    let answer = Web::send(&url, request)?.accepted()?;
    let issued: Issued = answer.json()?;
    let chain = issued.signed_certificate_embedded_sct.or(issued.signed_certificate_detached_sct);
    let chain = chain.ok_or_else(|| answer.useless("no certificate"))?.chain.certificates;
    let certificates = chain
        .iter()
        .map(|pem| Certificate::from_bytes(pem.as_bytes()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| answer.useless(&error.to_string()))?;
    match certificates.first() {
        Some(leaf) if leaf.spki_der() == signer.public().spki_der() => Ok(certificates),
        _ => Err(answer.useless("a certificate for another key than ours")),
    }
}

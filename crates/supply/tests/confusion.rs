//! Evidence that is what it says, under a reading that its signer never meant: another algorithm,
//! another type, other content. Each is refused by a step that has a name.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll_supply::artefact::Artefact;
use plimsoll_supply::bundle::Bundle;
use plimsoll_supply::dsse;
use plimsoll_supply::hash::{HashAlgorithm, sha256};
use plimsoll_supply::key::{Curve, NewKey, PrivateKey, RsaPadding, Scheme};
use plimsoll_supply::sign::bundle::{Content, Identity, NewBundle};
use plimsoll_supply::sign::statement;
use plimsoll_supply::trust::TrustedRoot;
use plimsoll_supply::verify::{Policy, Report, step, verify, verify_statement};
use serde_json::{Value, json};

const MESSAGE: &[u8] = b"the cargo";

fn ecdsa() -> PrivateKey {
    PrivateKey::generate(NewKey::Ecdsa(Curve::P256)).unwrap()
}

fn message(key: &PrivateKey, scheme: Scheme) -> NewBundle {
    let signature = key.sign(scheme, MESSAGE).unwrap();
    let digest = sha256(MESSAGE).to_vec();
    let content = Content::Message { hash: HashAlgorithm::Sha256, digest, signature };
    NewBundle::new(content, Identity::Key(key.public().clone()))
}

fn judge(bundle: &Value, key: &PrivateKey) -> Report {
    let bundle = Bundle::parse(bundle.to_string().as_bytes()).unwrap();
    let policy = Policy::key(key.public().clone());
    let now = "2026-06-01".parse().unwrap();
    let root = TrustedRoot::default();
    match &bundle.content {
        plimsoll_supply::bundle::Content::Envelope(_) => {
            verify_statement(&bundle, &root, &policy, now)
        }
        plimsoll_supply::bundle::Content::Message { .. } => {
            verify(&bundle, &Artefact::bytes(MESSAGE), &root, &policy, now)
        }
    }
}

fn refused_by(report: &Report) -> Option<&'static str> {
    assert_eq!(report.verified, report.failure().is_none(), "{report:?}");
    report.failure().map(|step| step.name)
}

#[test]
fn the_key_decides_the_algorithm_and_not_the_bundle() {
    let kinds = [
        (NewKey::Ecdsa(Curve::P256), Scheme::Ecdsa(HashAlgorithm::Sha256)),
        (NewKey::Ecdsa(Curve::P384), Scheme::Ecdsa(HashAlgorithm::Sha384)),
        (NewKey::Ed25519, Scheme::Ed25519),
        (NewKey::Rsa(2048), Scheme::Rsa(RsaPadding::Pkcs1v15, HashAlgorithm::Sha256)),
    ];
    let keys: Vec<PrivateKey> =
        kinds.iter().map(|(kind, _)| PrivateKey::generate(*kind).unwrap()).collect();
    for (signer, (_, scheme)) in keys.iter().zip(kinds) {
        let bundle = message(signer, scheme).to_json();
        assert_eq!(refused_by(&judge(&bundle, signer)), None);
        for other in keys.iter().filter(|other| other.public() != signer.public()) {
            assert_eq!(refused_by(&judge(&bundle, other)), Some(step::SIGNATURE));
        }
    }
}

#[test]
fn a_hash_that_no_signer_uses_with_the_key_is_no_way_around_it() {
    // What the key would sign by another function is not what it signs.
    let key = ecdsa();
    let bundle = message(&key, Scheme::Ecdsa(HashAlgorithm::Sha384)).to_json();
    assert_eq!(refused_by(&judge(&bundle, &key)), Some(step::SIGNATURE));
    // A digest is never taken for the message that has it.
    let signature = key.sign(Scheme::Ecdsa(HashAlgorithm::Sha256), &sha256(MESSAGE)).unwrap();
    let mut bundle = message(&key, Scheme::Ecdsa(HashAlgorithm::Sha256)).to_json();
    bundle["messageSignature"]["signature"] = json!(STANDARD.encode(signature));
    assert_eq!(refused_by(&judge(&bundle, &key)), Some(step::SIGNATURE));
    // An algorithm that is weak or none.
    for name in ["SHA1", "MD5", "NONE", "HASH_ALGORITHM_UNSPECIFIED"] {
        let mut bundle = message(&key, Scheme::Ecdsa(HashAlgorithm::Sha256)).to_json();
        bundle["messageSignature"]["messageDigest"]["algorithm"] = json!(name);
        let refused = Bundle::parse(bundle.to_string().as_bytes());
        let refused = refused.map(|it| {
            let policy = Policy::key(key.public().clone());
            let now = "2026-06-01".parse().unwrap();
            let artefact = Artefact::bytes(MESSAGE);
            verify(&it, &artefact, &TrustedRoot::default(), &policy, now).verified
        });
        assert!(!refused.unwrap_or_default(), "{name}");
    }
}

#[test]
fn a_payload_of_one_type_is_not_one_of_another() {
    let key = ecdsa();
    let scheme = Scheme::Ecdsa(HashAlgorithm::Sha256);
    let digest = format!("sha256:{}", "0".repeat(64)).parse().unwrap();
    let payload = statement::attestation("app", &digest, "https://example.com/p", &json!({}));
    let signed = |said: &str, shown: &str| {
        let signature =
            key.sign(scheme, &dsse::pre_authentication_encoding(said, &payload)).unwrap();
        let content = Content::Envelope {
            payload_type: shown.to_owned(),
            payload: payload.clone(),
            signature,
        };
        NewBundle::new(content, Identity::Key(key.public().clone())).to_json()
    };
    let right = statement::PAYLOAD_TYPE;
    assert_eq!(refused_by(&judge(&signed(right, right), &key)), None);
    // Signed as text, shown as a statement.
    assert_eq!(refused_by(&judge(&signed("text/plain", right), &key)), Some(step::SIGNATURE));
    // The payload alone was signed, as a file would be.
    let bare = key.sign(scheme, &payload).unwrap();
    let mut bundle = signed(right, right);
    bundle["dsseEnvelope"]["signatures"][0]["sig"] = json!(STANDARD.encode(bare));
    assert_eq!(refused_by(&judge(&bundle, &key)), Some(step::SIGNATURE));
    // Signed and shown as something that is no statement, so that it has no subject.
    let text = signed("text/plain", "text/plain");
    assert_eq!(refused_by(&judge(&text, &key)), Some(step::ARTEFACT));
}

#[test]
fn certificates_of_absurd_size_or_depth_end_at_the_bundle() {
    let mut nested = vec![0x30, 0x80];
    nested.resize(100_000, 0x30);
    let long = [vec![0x30, 0x84, 0x7f, 0xff, 0xff, 0xff], vec![0; 1000]].concat();
    for der in [nested, long, vec![0x30; 5_000_000]] {
        let bundle = json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {"certificate": {"rawBytes": STANDARD.encode(der)}},
            "messageSignature": {
                "messageDigest": {"algorithm": "SHA2_256", "digest": STANDARD.encode([0; 32])},
                "signature": "AAAA",
            },
        });
        let refused = Bundle::parse(bundle.to_string().as_bytes()).unwrap_err().to_string();
        assert!(refused.contains("certificate") || refused.contains("DER"), "{refused}");
    }
}

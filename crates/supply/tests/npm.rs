//! Signatures of an npm registry, made here by a key of our own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer as _;
use plimsoll_supply::artefact::Artefact;
use plimsoll_supply::hash::HashAlgorithm;
use plimsoll_supply::npm::{Keys, Version};
use proptest::prelude::*;
use serde_json::{Value, json};

const TARBALL: &[u8] = b"the tarball";

fn key() -> SigningKey {
    SigningKey::from_slice(&[7; 32]).unwrap()
}

/// The registry's list, of which the one key ends at `ends`.
fn keys(ends: Option<&str>) -> Keys {
    let prefix = [
        0x30, 0x59, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48,
        0xce, 0x3d, 3, 1, 7, 3, 0x42, 0,
    ];
    let point = key().verifying_key().to_sec1_point(false);
    let spki = STANDARD.encode([&prefix[..], point.as_bytes()].concat());
    let listed = json!({"keys": [{
        "expires": ends, "keyid": "SHA256:a", "keytype": "ecdsa-sha2-nistp256",
        "scheme": "ecdsa-sha2-nistp256", "key": spki,
    }]});
    Keys::parse(listed.to_string().as_bytes()).unwrap()
}

/// What a registry says at `/NAME`.
fn packument(name: &str, version: &str) -> Value {
    let integrity = format!("sha512-{}", STANDARD.encode(HashAlgorithm::Sha512.digest(TARBALL)));
    let signature: p256::ecdsa::Signature =
        key().sign(format!("{name}@{version}:{integrity}").as_bytes());
    let signature = STANDARD.encode(signature.to_der().as_bytes());
    let dist = json!({
        "integrity": integrity, "signatures": [{"keyid": "SHA256:a", "sig": signature}],
    });
    json!({
        "name": name, "time": {version: "2025-01-01T00:00:00.000Z"},
        "versions": {version: {"name": name, "version": version, "dist": dist}},
    })
}

fn judge(said: &Value, keys: &Keys, tarball: &[u8]) -> Result<Vec<String>, String> {
    let version = Version::parse(said.to_string().as_bytes(), Some("1.0.0"));
    let tarball = Artefact::bytes(tarball.to_vec());
    version.and_then(|it| it.verify(&tarball, keys)).map_err(|error| error.to_string())
}

#[test]
fn the_registry_s_signature_is_over_name_version_and_content() {
    let good = packument("@scope/a", "1.0.0");
    assert_eq!(judge(&good, &keys(None), TARBALL), Ok(vec!["SHA256:a".into()]));
    let manifest = good["versions"]["1.0.0"].clone();
    assert!(judge(&manifest, &keys(None), TARBALL).is_ok());
    assert!(judge(&good, &keys(None), b"another").unwrap_err().contains("tarball"));
    let change = |pointer: &str, value: Value| {
        let mut bent = good.clone();
        *bent.pointer_mut(&format!("/versions/1.0.0/{pointer}")).unwrap() = value;
        judge(&bent, &keys(None), TARBALL).unwrap_err()
    };
    assert!(change("name", "b".into()).contains("does not match"));
    assert!(change("version", "1.0.1".into()).contains("not 1.0.0"));
    assert!(change("dist/signatures", json!([])).contains("signed nothing"));
    assert!(change("dist/signatures/0/keyid", "SHA256:b".into()).contains("no key"));
    assert!(change("dist/integrity", "sha1-AAAA".into()).contains("tarball"));
    let second = json!([good["versions"]["1.0.0"]["dist"]["signatures"][0], {"keyid": "SHA256:a", "sig": "AAAA"}]);
    assert!(change("dist/signatures", second).contains("does not match"), "each must hold");
}

#[test]
fn a_key_that_had_ended_when_the_version_was_published_does_not_count() {
    let good = packument("a", "1.0.0");
    assert!(judge(&good, &keys(Some("2025-01-29T00:00:00.000Z")), TARBALL).is_ok());
    let refused = judge(&good, &keys(Some("2025-01-01T00:00:00.000Z")), TARBALL).unwrap_err();
    assert!(refused.contains("ended"), "{refused}");
    let timeless = &good["versions"]["1.0.0"];
    let refused = judge(timeless, &keys(Some("2025-01-29T00:00:00.000Z")), TARBALL).unwrap_err();
    assert!(refused.contains("unknown time"), "{refused}");
}

#[test]
fn of_bent_signatures_none_verifies_and_the_built_in_keys_are_not_ours() {
    let good = packument("a", "1.0.0");
    assert!(judge(&good, &Keys::built_in().unwrap(), TARBALL).is_err());
    let pointer = "/versions/1.0.0/dist/signatures/0/sig";
    let bytes = STANDARD.decode(good.pointer(pointer).unwrap().as_str().unwrap()).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut bent = bytes.clone();
        bent[bit / 8] ^= 1 << (bit % 8);
        let mut said = good.clone();
        *said.pointer_mut(pointer).unwrap() = STANDARD.encode(bent).into();
        assert!(judge(&said, &keys(None), TARBALL).is_err(), "bit {bit}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Keys::parse(&bytes);
        let _ = Version::parse(&bytes, Some("1.0.0"));
    }
}

//! Policies, messages and keys of any bytes: nothing panics and nothing is accepted.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use plimsoll_model::{ImageName, Timestamp};
use plimsoll_supply::containers_policy::{
    Files, Policy, Scope, SigstoreSignature, Subject, evaluate,
};
use plimsoll_supply::hash::{hex, sha256};
use plimsoll_supply::openpgp::Keyring;
use plimsoll_testkit::{PolicyCase, policy_cases};
use proptest::prelude::*;

struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &str) -> Result<Vec<u8>, String> {
        Err("no files here".into())
    }
}

/// One packet in either form of lengths.
fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("short").to_be_bytes();
    [&[0xc0 | tag, 0xff], &length[..], body].concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn no_bytes_panic_or_verify(
        tags in prop::collection::vec((0_u8..20, prop::collection::vec(any::<u8>(), 0..80)), 0..6),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let packets: Vec<u8> =
            tags.iter().flat_map(|(tag, body)| packet(*tag, body)).collect();
        let now = Timestamp::from_unix(2_000_000_000);
        for input in [&packets, &bytes] {
            let mut ring = Keyring::default();
            let _ = ring.add(input);
            prop_assert!(ring.verify(input, now).is_err());
            prop_assert!(ring.verify(&packet(8, &[&[0], input.as_slice()].concat()), now).is_err());
            let _ = Policy::parse(input);
        }
    }

    #[test]
    fn nothing_that_is_not_signed_meets_a_requirement(
        message in prop::collection::vec(any::<u8>(), 0..200),
        key in "[A-Za-z0-9+/]{0,40}",
    ) {
        let policy = format!(
            r#"{{"default": [{{"type": "signedBy", "keyType": "GPGKeys", "keyData": "{key}"}}]}}"#
        );
        let Ok(policy) = Policy::parse(policy.as_bytes()) else { return Ok(()) };
        let name = "r.example/app:1".parse().expect("name");
        let scope = Scope::of_image(&name);
        let subject = Subject {
            name: Some(&name),
            scope: &scope,
            manifest: b"{}",
            simple: std::slice::from_ref(&message),
            sigstore: &[],
        };
        prop_assert!(!evaluate(&policy, &subject, &NoFiles, Timestamp::from_unix(0)).verified);
    }
}

#[test]
fn what_inflates_without_end_or_has_no_end_is_refused() {
    let now = Timestamp::from_unix(2_000_000_000);
    let ring = Keyring::default();
    let partial = [0xcb, 0xfe].repeat(100);
    assert!(ring.verify(&partial, now).is_err());
    assert!(ring.verify(&[0xa3], now).is_err());
    let deep: Vec<u8> =
        (0..1000).fold(Vec::new(), |inside, _| packet(8, &[&[0][..], &inside].concat()));
    assert!(ring.verify(&deep, now).is_err());
    let many = packet(10, &[]).repeat(20_000);
    assert!(ring.verify(&many, now).is_err());
}

#[test]
fn a_requirement_that_is_not_judged_refuses() {
    let name = "r.example/app:1".parse().expect("name");
    let scope = Scope::of_image(&name);
    let subject =
        Subject { name: Some(&name), scope: &scope, manifest: b"{}", simple: &[], sigstore: &[] };
    for requirement in [
        r#"{"type": "signedBaseLayer", "baseLayerIdentity": {"type": "matchExact"}}"#,
        r#"{"type": "signedBy", "keyType": "signedByGPGKeys", "keyPath": "a"}"#,
        r#"{"type": "sigstoreSigned", "rekorPublicKeyPath": "a", "fulcio": {"caPath": "a", "oidcIssuer": "i", "subjectEmail": "e"}}"#,
        r#"{"type": "sigstoreSigned", "pki": {"caRootsPath": "a", "subjectEmail": "e"}}"#,
        r#"{"type": "sigstoreSigned", "keyPath": "a"}"#,
    ] {
        let policy = format!(r#"{{"default": [{requirement}]}}"#);
        let policy = Policy::parse(policy.as_bytes()).expect(requirement);
        let report = evaluate(&policy, &subject, &NoFiles, Timestamp::from_unix(0));
        assert!(!report.verified && report.failures().count() == 1, "{requirement}");
    }
}

/// The verdict of a case on this manifest, and why.
fn judged(case: &PolicyCase, name: &ImageName, manifest: &[u8]) -> Result<(), String> {
    let policy = serde_json::json!({"default": [case.requirement]}).to_string();
    let policy = Policy::parse(policy.as_bytes()).map_err(|error| error.to_string())?;
    let signature =
        SigstoreSignature { payload: case.payload.clone(), annotations: case.annotations.clone() };
    let subject = Subject {
        name: Some(name),
        scope: &Scope::of_image(name),
        manifest,
        simple: &[],
        sigstore: &[signature],
    };
    let now = "2026-01-01".parse().expect("time");
    let report = evaluate(&policy, &subject, &NoFiles, now);
    match report.failure() {
        None => Ok(()),
        Some(step) => Err(step.found.clone()),
    }
}

#[test]
fn certificates_and_logs_count_as_for_containers_image() {
    let manifest = b"{}";
    let digest = format!("sha256:{}", hex(&sha256(manifest)));
    let name: ImageName = "r.example/app:1".parse().expect("name");
    let cases = policy_cases(|_| "r.example/app:1".into(), &digest);
    assert!(cases.len() > 80, "{}", cases.len());
    for case in cases {
        let verdict = judged(&case, &name, manifest);
        assert_eq!(verdict.is_ok(), case.allowed, "{}: {verdict:?}", case.name);
    }
}

#[test]
fn a_bent_annotation_is_refused_and_never_panics() {
    let manifest = b"{}";
    let digest = format!("sha256:{}", hex(&sha256(manifest)));
    let name: ImageName = "r.example/app:1".parse().expect("name");
    let whole = policy_cases(|_| "r.example/app:1".into(), &digest).into_iter().next();
    let whole = whole.expect("a case");
    assert!(judged(&whole, &name, manifest).is_ok());
    for (annotation, text) in whole.annotations.clone() {
        for at in 0..text.len() {
            let mut bent = whole.clone();
            let mut bytes = text.clone().into_bytes();
            let byte = bytes.get_mut(at).expect("inside");
            *byte ^= 1;
            let Ok(text) = String::from_utf8(bytes) else { continue };
            bent.annotations.insert(annotation.clone(), text.clone());
            if judged(&bent, &name, manifest).is_ok() {
                // Only what no signature is over: spaces of PEM and JSON.
                let same = |it: &str| it.split_whitespace().collect::<String>();
                let before = &whole.annotations[&annotation];
                assert_eq!(same(&text), same(before), "{annotation}, byte {at}");
            }
        }
    }
}

//! Where trust begins, and how it goes on.

use plimsoll_supply::content_trust::Anchors;
use serde_json::json;

use super::publisher::{Files, GUN, Key, Repo, authority, said};

const REFUSED: &str = "root of trust (root.json)";

fn first_use() -> Anchors {
    let mut anchors = Anchors::default();
    anchors.allow_first_use();
    anchors
}

fn pinned(config: &serde_json::Value, file: &[u8]) -> Anchors {
    let mut anchors = Anchors::default();
    let text = json!({"trust_pinning": config}).to_string();
    anchors.pin(text.as_bytes(), &|_| Ok(file.to_vec())).unwrap();
    anchors
}

#[test]
fn nobody_is_trusted_unasked_and_a_root_that_was_seen_is_remembered() {
    let repo = Repo::new();
    let mut store = Files::new();
    let ask = |repo: &Repo, anchors: &Anchors, store: &mut Files| {
        said(&repo.asked("1", &[], anchors, store))
    };
    assert_eq!(ask(&repo, &Anchors::default(), &mut store), REFUSED);
    assert!(store.is_empty());
    assert!(ask(&repo, &first_use(), &mut store).starts_with("targets "));
    assert!(ask(&repo, &Anchors::default(), &mut store).starts_with("targets "));
    // Another owner of the same name, whether or not first use is allowed.
    let other = Repo::new();
    assert_eq!(ask(&other, &first_use(), &mut store), "root rotation (root.json)");
    assert_eq!(ask(&other, &other.trusted(), &mut store), "root rotation (root.json)");
    store.insert("root.json".into(), b"{".to_vec());
    assert_eq!(ask(&repo, &first_use(), &mut store), "root of trust (root.json that was kept)");
}

#[test]
fn a_key_is_given_as_a_certificate_or_bare_or_by_its_authority() {
    let repo = Repo::new();
    let verify =
        |repo: &Repo, anchors: &Anchors| said(&repo.asked("1", &[], anchors, &mut Files::new()));
    let mut by_key = Anchors::default();
    let certificate = plimsoll_supply::certificate::Certificate::from_bytes(&repo.root[0].public);
    by_key.trust(certificate.unwrap().public_key().unwrap().to_pem().as_bytes()).unwrap();
    assert!(verify(&repo, &by_key).starts_with("targets "));
    let mut other = Anchors::default();
    other.trust(&Key::x509(GUN).public).unwrap();
    assert_eq!(verify(&repo, &other), REFUSED);

    let (params, key, pem) = authority();
    let mut certified = Repo::new();
    certified.root = vec![Key::certified(GUN, |_| {}, Some((&params, &key)))];
    certified.publish();
    let mut by_authority = Anchors::default();
    by_authority.trust(&pem).unwrap();
    assert!(verify(&certified, &by_authority).starts_with("targets "));
    assert_eq!(verify(&repo, &by_authority), REFUSED);
    for prefix in ["r.example/", "r.example/team/app", ""] {
        let anchors = pinned(&json!({"ca": {prefix: "ca.pem"}}), &pem);
        assert!(verify(&certified, &anchors).starts_with("targets "), "{prefix}");
        assert_eq!(verify(&repo, &anchors), REFUSED, "{prefix}");
    }
    let elsewhere = pinned(&json!({"ca": {"s.example/": "ca.pem"}}), &pem);
    assert_eq!(verify(&certified, &elsewhere), REFUSED);
}

#[test]
fn pins_of_notary_s_configuration_are_obeyed() {
    let repo = Repo::new();
    let id = repo.root[0].id();
    let verify = |config: serde_json::Value, first: bool| {
        let mut anchors = pinned(&config, b"");
        if first {
            anchors.allow_first_use();
        }
        said(&repo.asked("1", &[], &anchors, &mut Files::new()))
    };
    assert!(verify(json!({"certs": {GUN: [id]}}), false).starts_with("targets "));
    assert!(verify(json!({"certs": {"r.example/*": ["0", id]}}), false).starts_with("targets "));
    assert_eq!(verify(json!({"certs": {"r.example/*": ["0"]}}), true), REFUSED);
    assert_eq!(verify(json!({"certs": {GUN: []}}), true), REFUSED);
    assert_eq!(verify(json!({"certs": {"s.example/*": [id]}}), false), REFUSED);
    assert!(verify(json!({"certs": {"s.example/*": [id]}}), true).starts_with("targets "));
    assert_eq!(verify(json!({"disable_tofu": true}), true), REFUSED);
}

#[test]
fn a_certificate_is_for_this_repository_and_for_this_time() {
    let of = |key: Key| {
        let mut repo = Repo::new();
        repo.root = vec![key];
        repo.publish();
        said(&repo.verify("1"))
    };
    let refused = "root certificate (root.json)";
    assert!(of(Key::x509("r.example/team/*")).starts_with("targets "));
    for name in ["r.example/team/other", "r.example/team", "s.example/*", "", "R.example/team/app"]
    {
        assert_eq!(of(Key::x509(name)), refused, "{name}");
    }
    let expired =
        |it: &mut rcgen::CertificateParams| it.not_after = rcgen::date_time_ymd(2025, 12, 1);
    assert_eq!(of(Key::certified(GUN, expired, None)), refused);
    let early =
        |it: &mut rcgen::CertificateParams| it.not_before = rcgen::date_time_ymd(2026, 1, 4);
    assert_eq!(of(Key::certified(GUN, early, None)), refused);
    let soon = |it: &mut rcgen::CertificateParams| it.not_before = rcgen::date_time_ymd(2026, 1, 3);
    assert!(of(Key::certified(GUN, soon, None)).starts_with("targets "), "a day is let pass");
    let authority = |it: &mut rcgen::CertificateParams| {
        it.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    };
    assert_eq!(of_untrusted(Key::certified(GUN, authority, None)), refused);
    assert_eq!(of_untrusted(Key::ecdsa()), refused, "a bare key says for whom it is nowhere");
}

fn of_untrusted(key: Key) -> String {
    let mut repo = Repo::new();
    repo.root = vec![key];
    repo.publish();
    said(&repo.asked("1", &[], &first_use(), &mut Files::new()))
}

#[test]
fn rotations_are_followed_from_any_root_that_is_trusted() {
    let mut repo = Repo::new();
    let first = repo.trusted();
    let mut store = Files::new();
    assert!(said(&repo.asked("1", &[], &first, &mut store)).starts_with("targets "));
    for _ in 0..3 {
        repo.rotate(vec![Key::x509(GUN)]);
    }
    let verdict = repo.asked("1", &[], &first, &mut Files::new());
    assert!(said(&verdict).starts_with("targets "));
    let rotations = verdict.report.steps.iter().filter(|it| it.name == "root rotation").count();
    assert_eq!(rotations, 3);
    let seen = repo.asked("1", &[], &Anchors::default(), &mut store);
    assert!(said(&seen).starts_with("targets "));
    // Now the last is known, so that none before it is needed.
    repo.files.retain(|name, _| !name.contains(".root"));
    let seen = repo.asked("1", &[], &Anchors::default(), &mut store);
    assert!(said(&seen).starts_with("targets "));
    assert_eq!(said(&repo.asked("1", &[], &first, &mut Files::new())), REFUSED);
}

#[test]
fn a_chain_with_a_gap_or_a_forged_link_is_refused() {
    let rotated = || {
        let mut repo = Repo::new();
        let first = repo.trusted();
        repo.rotate(vec![Key::x509(GUN)]);
        repo.rotate(vec![Key::x509(GUN)]);
        (repo, first)
    };
    let said =
        |repo: &Repo, anchors: &Anchors| said(&repo.asked("1", &[], anchors, &mut Files::new()));
    let (repo, first) = rotated();
    assert!(said(&repo, &first).starts_with("targets "));
    // The newest is not signed by the one before.
    let (mut repo, first) = rotated();
    repo.before = vec![Key::x509(GUN)];
    repo.publish();
    assert_eq!(said(&repo, &first), "root rotation (root.json)");
    let (mut repo, first) = rotated();
    let two = repo.files["2.root"].clone();
    repo.files.insert("1.root".into(), two);
    assert_eq!(said(&repo, &first), "version (1.root.json)");
    let (mut repo, first) = rotated();
    repo.files.remove("2.root");
    assert_eq!(said(&repo, &first), REFUSED);
}

//! Attestations of the Python package index, as pypi-attestations has them for its own tests:
//! `make sign-peers` unpacks its source beside the peers' programs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::fs;
use std::path::PathBuf;

use plimsoll_model::Timestamp;
use plimsoll_supply::artefact::Artefact;
use plimsoll_supply::pypi::{self, Demand};
use plimsoll_supply::trust::TrustedRoot;
use proptest::prelude::*;
use serde_json::Value;

/// The folder with the samples; none where it is not there.
fn assets() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join("pypi_attestations-0.0.30/test/assets"))
        .find(|folder| folder.is_dir());
    if found.is_none() {
        println!("skipped: pypi_attestations-0.0.30 is not in PATH: `make sign-peers`");
    }
    found
}

/// A distribution, its evidence, and who published it.
const GOOD: &[(&str, &str, &str)] = &[
    (
        "pypi_attestations-0.0.19.tar.gz",
        ".provenance",
        "https://github.com/trailofbits/pypi-attestations",
    ),
    (
        "pypi_attestations-0.0.19.tar.gz",
        ".publish.attestation",
        "https://github.com/trailofbits/pypi-attestations",
    ),
    (
        "pypi_attestations-0.0.19.tar.gz",
        ".slsa.attestation",
        "https://github.com/trailofbits/pypi-attestations",
    ),
    (
        "gitlab_oidc_project-0.0.3.tar.gz",
        ".publish.attestation",
        "https://gitlab.com/facutuesca/gitlab-oidc-project",
    ),
    (
        "gcb_attestation_test-0.0.0.tar.gz",
        ".provenance",
        "919436158236-compute@developer.gserviceaccount.com",
    ),
];

fn demand(who: &str) -> Demand {
    if who.starts_with("https://") {
        Demand::Repository(who.into())
    } else {
        Demand::Account(who.into())
    }
}

fn judge(bytes: &[u8], name: &str, content: &[u8], who: &str) -> Result<String, String> {
    let root = TrustedRoot::public_good().unwrap();
    let artefact = Artefact::bytes(content.to_vec());
    let mut why = "no attestation".to_owned();
    for one in pypi::read(bytes).map_err(|error| error.to_string())? {
        let report = one.verify(name, &artefact, &root, &demand(who), Timestamp::from_unix(0));
        match report.failure() {
            None if report.verified => return Ok(report.statement.unwrap().to_string()),
            failure => why = format!("{failure:?}"),
        }
    }
    Err(why)
}

#[test]
fn a_publisher_of_each_kind_verifies_and_nobody_else_does() {
    let Some(assets) = assets() else { return };
    for (name, suffix, who) in GOOD {
        let evidence = fs::read(assets.join(format!("{name}{suffix}"))).unwrap();
        let content = fs::read(assets.join(name)).unwrap();
        judge(&evidence, name, &content, who).unwrap_or_else(|why| panic!("{name}{suffix}: {why}"));
        for other in
            ["https://github.com/org/other", "https://gitlab.com/org/other", "a@example.com"]
        {
            assert!(judge(&evidence, name, &content, other).is_err(), "{name}{suffix} by {other}");
        }
        assert!(judge(&evidence, name, b"another", who).is_err(), "{name}{suffix}");
        let renamed = name.replace("-0.", "-9.");
        assert!(judge(&evidence, &renamed, &content, who).is_err(), "{renamed}");
        assert!(judge(&evidence, "notes.txt", &content, who).is_err(), "{name}");
    }
}

#[test]
fn the_index_s_word_on_the_workflow_must_be_the_certificate_s() {
    let Some(assets) = assets() else { return };
    let (name, suffix, who) = GOOD[0];
    let content = fs::read(assets.join(name)).unwrap();
    let evidence = fs::read(assets.join(format!("{name}{suffix}"))).unwrap();
    for (key, value) in
        [("workflow", "other.yml"), ("repository", "org/other"), ("kind", "Jenkins")]
    {
        let mut bent: Value = serde_json::from_slice(&evidence).unwrap();
        bent["attestation_bundles"][0]["publisher"][key] = value.into();
        let refused = judge(bent.to_string().as_bytes(), name, &content, who);
        assert!(refused.is_err(), "{key}");
    }
}

#[test]
fn of_bent_attestations_none_verifies() {
    let Some(assets) = assets() else { return };
    let mut tried = 0;
    for (name, suffix, who) in GOOD {
        let content = fs::read(assets.join(name)).unwrap();
        let evidence: Value =
            serde_json::from_slice(&fs::read(assets.join(format!("{name}{suffix}"))).unwrap())
                .unwrap();
        let at = if evidence.get("envelope").is_some() {
            ""
        } else {
            "/attestation_bundles/0/attestations/0"
        };
        for field in
            ["/envelope/statement", "/envelope/signature", "/verification_material/certificate"]
        {
            let pointer = format!("{at}{field}");
            let text = evidence.pointer(&pointer).unwrap().as_str().unwrap().to_owned();
            for place in (0..text.len()).step_by(13) {
                let mut letters = text.clone().into_bytes();
                letters[place] = if letters[place] == b'A' { b'B' } else { b'A' };
                let mut bent = evidence.clone();
                *bent.pointer_mut(&pointer).unwrap() = String::from_utf8(letters).unwrap().into();
                tried += 1;
                let judged = judge(bent.to_string().as_bytes(), name, &content, who);
                assert!(judged.is_err(), "{name}{suffix} {pointer} at {place}");
            }
        }
    }
    println!("{tried} bent attestations, 0 accepted");
    assert!(tried > 800, "{tried}");
}

proptest! {
    #[test]
    fn any_bytes_and_any_name_are_read_or_refused(
        bytes in proptest::collection::vec(any::<u8>(), 0..200), name in ".{0,80}",
    ) {
        let _ = pypi::read(&bytes);
        let _ = pypi::Distribution::parse(&name);
        let _ = pypi::Distribution::parse(&format!("{name}-1.0.tar.gz"));
        let _ = pypi::Distribution::parse(&format!("a-{name}-py3-none-any.whl"));
    }
}

#[test]
fn huge_and_deep_documents_are_refused() {
    assert!(pypi::read(&b"[".repeat(1_000_000)).is_err());
    let many = r#"{"version": 1, "attestation_bundles": "#.to_owned() + &"[".repeat(200);
    assert!(pypi::read(many.as_bytes()).is_err());
    let none = br#"{"version": 1, "verification_material": {"certificate": "", "transparency_entries": []}, "envelope": {"statement": "", "signature": ""}}"#;
    assert!(pypi::read(none).unwrap_err().to_string().contains("no entry"));
}

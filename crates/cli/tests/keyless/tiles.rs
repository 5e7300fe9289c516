//! A person signs; a log of tiles and a timestamp authority vouch for it.

use std::fs;

use plimsoll_supply::artefact::Artefact;
use plimsoll_supply::bundle::Bundle;
use plimsoll_supply::trust::TrustedRoot;
use plimsoll_supply::verify::{IdentityPolicy, Policy, verify};

use super::programs::{PERSON, run};
use super::services::Services;

#[test]
fn a_person_signs_and_both_verifiers_find_that_person_the_log_and_the_time() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let services = match Services::start(folder) {
        Ok(services) => services,
        Err(why) => return println!("skipped: {why}"),
    };
    let Services { issuer, fulcio, log, stamps, .. } = &services;
    fs::write(folder.join("app"), "content").unwrap();
    let signed = run(
        folder,
        env!("CARGO_BIN_EXE_plimsoll"),
        &format!(
            "sign --keyless --yes --oidc-issuer {issuer} --fulcio {fulcio} \
             --log {log} --log-version 2 --timestamp {stamps} --trusted-root root.json app"
        ),
    );
    let said = String::from_utf8(signed.stderr).unwrap();
    assert!(said.contains(&format!("certifies `{PERSON}` (as {issuer} says)")), "{said}");
    assert!(said.contains("publishes for ever"), "{said}");
    assert!(!said.contains("warning"), "the log's word was checked: {said}");
    assert!(!said.contains("eyJ"), "a token is a secret: {said}");

    run(
        folder,
        "cosign",
        &format!(
            "verify-blob --bundle app.sigstore.json --trusted-root root.json \
             --certificate-identity {PERSON} --certificate-oidc-issuer {issuer} \
             --insecure-ignore-sct --use-signed-timestamps app"
        ),
    );

    let bundle = Bundle::parse(&fs::read(folder.join("app.sigstore.json")).unwrap()).unwrap();
    let root =
        TrustedRoot::from_json("root", &fs::read(folder.join("root.json")).unwrap()).unwrap();
    let verdict = |person: &str, content: &str| {
        let mut policy = Policy::identities(vec![IdentityPolicy::exact(person, issuer)]);
        // The authority of this test publishes its certificates nowhere.
        policy.certificate_logs = 0;
        let now = "2026-01-01".parse().unwrap();
        verify(&bundle, &Artefact::bytes(content), &root, &policy, now)
    };
    let report = verdict(PERSON, "content");
    assert!(report.verified, "{report:#?}");
    assert!(!verdict("mallory@example.com", "content").verified);
    assert!(!verdict(PERSON, "contents").verified);
}

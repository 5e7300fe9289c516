//! A person signs; a log of tiles and a timestamp authority vouch for it.

use std::fs;

use plimsoll_supply::artefact::Artefact;
use plimsoll_supply::bundle::Bundle;
use plimsoll_supply::trust::TrustedRoot;
use plimsoll_supply::verify::{IdentityPolicy, Policy, verify};

use plimsoll_testkit::free_port;

use super::programs::{PERSON, fulcio, missing, provider, run, start};

/// The programs, and what they are started for.
const PROGRAMS: [&str; 4] = ["fulcio", "rekor-posix", "timestamp-server", "cosign"];

#[test]
fn a_person_signs_and_both_verifiers_find_that_person_the_log_and_the_time() {
    if let Some(missing) = missing(&PROGRAMS) {
        return println!("skipped: `{missing}` is not there");
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let [log, stamps, log_grpc, log_metrics]: [u16; 4] = std::array::from_fn(|_| free_port());
    let (provider, issuer) = match provider(folder) {
        Ok(provider) => provider,
        Err(why) => return println!("skipped: {why}"),
    };
    run(folder, "openssl", "genpkey -algorithm ED25519 -out log.pem");
    run(folder, "openssl", "pkey -in log.pem -pubout -out log.pub");
    let (authority, fulcio) = fulcio(folder, &issuer);
    let _running = [
        provider,
        authority,
        start(
            folder,
            log,
            "rekor-posix",
            &format!(
                "serve --http-port {log} --grpc-port {log_grpc} --http-metrics-port {log_metrics} \
                 --hostname log.test --signer-filepath log.pem --storage-dir tiles \
                 --checkpoint-interval 1s --batch-max-age 100ms"
            ),
        ),
        start(
            folder,
            stamps,
            "timestamp-server",
            &format!(
                "serve --host 127.0.0.1 --port {stamps} --timestamp-signer memory \
                 --disable-ntp-monitoring"
            ),
        ),
    ];
    fs::write(folder.join("app"), "content").unwrap();

    let stamps = format!("http://127.0.0.1:{stamps}/api/v1/timestamp");
    for (url, file) in [
        (format!("{fulcio}/api/v1/rootCert"), "ca.pem"),
        (format!("{stamps}/certchain"), "tsa.pem"),
    ] {
        run(folder, "curl", &format!("--silent --fail --output {file} {url}"));
    }
    run(
        folder,
        "cosign",
        &format!(
            "trusted-root create --out root.json --fulcio url={fulcio},certificate-chain=ca.pem \
             --rekor url=https://log.test,public-key=log.pub,start-time=2024-01-01T00:00:00Z,\
             origin=log.test --tsa url={stamps},certificate-chain=tsa.pem"
        ),
    );
    let signed = run(
        folder,
        env!("CARGO_BIN_EXE_plimsoll"),
        &format!(
            "sign --keyless --yes --oidc-issuer {issuer} --fulcio {fulcio} \
             --log http://127.0.0.1:{log} --log-version 2 --timestamp {stamps} --trusted-root root.json app"
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
        let mut policy = Policy::identities(vec![IdentityPolicy::exact(person, &issuer)]);
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

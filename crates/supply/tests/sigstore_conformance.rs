//! The cases of Sigstore's own conformance suite, each with the step that must refuse it.

use std::fs;

use plimsoll_model::Timestamp;
use plimsoll_supply::artefact::Artefact;
use plimsoll_supply::bundle::Bundle;
use plimsoll_supply::key::PublicKey;
use plimsoll_supply::trust::TrustedRoot;
use plimsoll_supply::verify::{IdentityPolicy, Policy, Report, step, verify};
use plimsoll_testkit::{shared, shared_records};
use serde_json::Value;

/// The step that refuses each case: what the suite says is wrong with it.
const REASONS: &[(&str, &str)] = &[
    ("bundle-empty-certificate-chain_fail", step::BUNDLE),
    ("bundle-from-wrong-instance_fail", step::LOG_COUNT),
    ("bundle-invalid-base64-signature_fail", step::BUNDLE),
    ("bundle-malformed-json_fail", step::BUNDLE),
    ("bundle-negative-log-index_fail", step::BUNDLE),
    ("bundle-with-root-cert_fail", step::BUNDLE),
    ("checkpoint-wrong-roothash_fail", step::CHECKPOINT),
    ("dsse-invalid-sig_fail", step::SIGNATURE),
    ("dsse-mismatch-envelope_fail", step::LOG_ENTRY),
    ("dsse-mismatch-sig_fail", step::LOG_ENTRY),
    ("inclusion-proof-corrupted-hash_fail", step::LOG_PROOF),
    ("integrated-time-in-future_fail", step::TIME),
    ("intoto-log-entry-mismatch_fail", step::LOG_ENTRY),
    ("invalid-checkpoint-signature_fail", step::CHECKPOINT),
    ("invalid-ct-key_fail", step::SCT),
    ("invalid-inclusion-proof_fail", step::BUNDLE),
    ("message-digest-mismatch_fail", step::ARTEFACT),
    ("rekor2-checkpoint-missing-log-signature_fail", step::CHECKPOINT),
    ("rekor2-checkpoint-missing-origin_fail", step::CHECKPOINT),
    ("rekor2-checkpoint-missing-root-hash_fail", step::CHECKPOINT),
    ("rekor2-checkpoint-missing-size_fail", step::CHECKPOINT),
    ("rekor2-dsse-mismatch-sig_fail", step::LOG_ENTRY),
    ("rekor2-no-timestamp_fail", step::TIME),
    ("rekor2-timestamp-outside-trust-root-tsa-validity_fail", step::TIMESTAMP),
    ("rekor2-timestamp-outside-tsa-cert-validity_fail", step::TIMESTAMP),
    ("rekor2-timestamp-untrusted-tsa-without-embedded-cert_fail", step::TIMESTAMP),
    ("rekor2-timestamp-with-incorrect-time_fail", step::CERTIFICATE),
    ("signature-mismatch_fail", step::SIGNATURE),
    ("wrong-hashedrekord-artifact_fail", step::LOG_ENTRY),
    ("wrong-hashedrekord-entry_fail", step::LOG_ENTRY),
    ("wrong-material_fail", step::ARTEFACT),
];

fn judge(case: &Value) -> Report {
    let path = |name: &str| case[name].as_str().map(|it| shared(&format!("sign/conformance/{it}")));
    let read = |name: &str| path(name).map(|it| fs::read(it.expect("shared")).expect("readable"));
    let root = match read("trusted_root") {
        Some(bytes) => TrustedRoot::from_json("the case's root", &bytes).expect("root"),
        None => TrustedRoot::public_good().expect("root"),
    };
    let policy = match read("key") {
        Some(key) => Policy::key(PublicKey::from_bytes(&key).expect("key")),
        None => Policy::identities(vec![IdentityPolicy::exact(
            case["identity"].as_str().expect("identity"),
            case["issuer"].as_str().expect("issuer"),
        )]),
    };
    let artefact = Artefact::bytes(read("artifact").expect("artefact"));
    match Bundle::parse(&read("bundle").expect("bundle")) {
        Ok(bundle) => verify(&bundle, &artefact, &root, &policy, Timestamp::from_unix(0)),
        Err(error) => Report::unreadable(step::BUNDLE, "a bundle", &error.to_string(), ""),
    }
}

#[test]
fn every_case_has_its_verdict_for_its_reason() {
    let cases = shared_records("sign/conformance/cases.jsonl");
    if cases.is_empty() {
        return;
    }
    let mut wrong = Vec::new();
    for case in &cases {
        let name = case["id"].as_str().expect("id").trim_start_matches("conformance/");
        let report = judge(case);
        if report.verified != (case["expect"] == "pass") {
            wrong.push(format!("{name}: verdict {}: {:#?}", report.verified, report.steps));
        } else if !report.verified {
            let reason = REASONS.iter().find(|(id, _)| *id == name).map(|(_, step)| *step);
            let steps: Vec<&str> = report.failures().map(|step| step.name).collect();
            // A case that the table does not know must be refused by some named step.
            if reason.is_some_and(|reason| !steps.contains(&reason)) || steps.is_empty() {
                wrong.push(format!("{name}: {reason:?} is not in {:#?}", report.steps));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

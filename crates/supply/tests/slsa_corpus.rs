//! The regression cases of slsa-verifier: the verdict, and the kind of refusal.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::fs;
use std::path::Path;

use plimsoll_supply::bundle::Bundle;
use plimsoll_supply::cosign;
use plimsoll_supply::hash::{HashAlgorithm, hex};
use plimsoll_supply::key::PublicKey;
use plimsoll_supply::provenance::level::{Assessment, Signature};
use plimsoll_supply::provenance::{
    Expectation, Refusal, SummaryExpectation, Verified, verify_artifact, verify_attestation,
    verify_cloud_build_image, verify_image, verify_package, verify_summary,
};
use plimsoll_supply::trust::TrustedRoot;
use plimsoll_testkit::{shared, shared_records};
use serde_json::Value;

/// Where the log would be searched, only the certificate tells what is wrong.
const OFFLINE_KINDS: &[(&str, &str)] = &[("ErrorRekorSearch", "ErrorInvalidCertificate")];

fn text(case: &Value, name: &str) -> Option<String> {
    case[name].as_str().map(str::to_owned)
}

fn texts(case: &Value, name: &str) -> Vec<String> {
    case[name]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|it| it.as_str().map(str::to_owned))
        .collect()
}

fn expectation(case: &Value, builder: Option<String>, digest: String) -> Expectation {
    let inputs = case["build_workflow_inputs"].as_object();
    Expectation {
        digest,
        source_uri: text(case, "source_uri").unwrap_or_default(),
        branch: text(case, "source_branch"),
        tag: text(case, "source_tag"),
        versioned_tag: text(case, "source_versioned_tag"),
        builder_id: builder,
        workflow_inputs: inputs
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), value.as_str().expect("text").to_owned()))
            .collect(),
        package_name: text(case, "package_name"),
        package_version: text(case, "package_version"),
        // The original runs this command with its test switch on.
        testing: case["command"] == "verify-artifact",
    }
}

fn judge(case: &Value, builder: Option<&str>, root: &TrustedRoot) -> Result<String, Refusal> {
    let file = |path: &str| shared(&format!("sign/slsa/{path}")).expect("shared");
    let read = |path: &str| fs::read(file(path)).expect("readable");
    let provenance = text(case, "provenance").map(|path| read(&path)).unwrap_or_default();
    let expect = |digest: String| expectation(case, builder.map(str::to_owned), digest);
    let command = case["command"].as_str().expect("command");
    match command {
        "verify-artifact" | "verify-github-attestation" => {
            let mut id = None;
            for artifact in case["artifacts"].as_array().expect("artifacts") {
                let expected = expect(text(artifact, "sha256").expect("digest"));
                let verified = if command == "verify-artifact" {
                    verify_artifact(&provenance, &expected, root)?
                } else {
                    verify_attestation(&provenance, &expected, root)?
                };
                assert_eq!(verified.logged, case["log_entry"] == "bundled", "{}", case["id"]);
                check_level(case, &verified, &expected.digest);
                id = Some(verified.builder_id);
            }
            Ok(id.expect("an artefact"))
        }
        "verify-image" => {
            let digest = text(case, "image_digest").expect("digest").replace("sha256:", "");
            let expected = expect(digest);
            if let Some(layout) = text(case, "oci_layout") {
                let bundles = attestations(&file(&layout));
                let verified = verify_image(bundles, &expected, root)?;
                check_level(case, &verified, &expected.digest);
                return Ok(verified.builder_id);
            }
            let cloud = builder.is_some_and(|id| {
                id.split('@').next() == Some("https://cloudbuild.googleapis.com/GoogleHostedWorker")
            });
            if cloud {
                let verified = verify_cloud_build_image(&provenance, &expected)?;
                let signature = Signature::CloudBuild;
                let level = Assessment::of(&verified.statement, &expected.digest, signature);
                assert_eq!(level.level, 3, "{}: {:?}", case["id"], level.lines);
                Ok(verified.builder_id)
            } else {
                verify_image(Vec::new(), &expected, root).map(|it| it.builder_id)
            }
        }
        "verify-npm-package" => {
            let package = text(&case["artifacts"][0], "file").expect("file");
            let digest = hex(&HashAlgorithm::Sha512.digest(&read(&package)));
            let expected = expect(digest);
            let verified = verify_package(&provenance, &expected, root)?;
            check_level(case, &verified, &expected.digest);
            Ok(verified.builder_id)
        }
        "verify-vsa" => {
            let key = PublicKey::from_bytes(&read(case["public_key"].as_str().expect("key")));
            let expected = SummaryExpectation {
                subject_digests: texts(case, "subject_digests"),
                verifier_id: text(case, "verifier_id").unwrap_or_default(),
                resource_uri: text(case, "resource_uri").unwrap_or_default(),
                verified_levels: texts(case, "verified_levels"),
            };
            let key_id = case["public_key_id"].as_str();
            verify_summary(&provenance, &key.expect("key"), key_id, &expected)
                .map(|_| String::new())
        }
        other => panic!("the command `{other}`"),
    }
}

/// The level that is said of verified provenance is that of its builder.
fn check_level(case: &Value, verified: &Verified, digest: &str) {
    let done = Assessment::of(&verified.statement, digest, Signature::Holds(&verified.report));
    // What the npm command line writes is signed by the job itself.
    let by_the_job = verified.builder_id.starts_with("https://github.com/actions/runner");
    let expected = if by_the_job { 2 } else { 3 };
    assert_eq!(done.level, expected, "{}: {:?}", case["id"], done.lines);
}

/// The attestations that cosign saved in a layout.
fn attestations(layout: &Path) -> Vec<Bundle> {
    let blob = |digest: &str| {
        fs::read(layout.join("blobs/sha256").join(digest.trim_start_matches("sha256:")))
            .expect("blob")
    };
    let json = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).expect("JSON");
    let index = json(&fs::read(layout.join("index.json")).expect("index"));
    let mut found = Vec::new();
    for entry in index["manifests"].as_array().expect("manifests") {
        if entry["annotations"]["kind"] != "dev.cosignproject.cosign/atts" {
            continue;
        }
        let manifest = json(&blob(entry["digest"].as_str().expect("digest")));
        for layer in manifest["layers"].as_array().expect("layers") {
            let bytes = blob(layer["digest"].as_str().expect("digest"));
            let annotation = |name: &str| layer["annotations"][name].as_str();
            found.push(cosign::bundle(&bytes, true, annotation).expect("attestation"));
        }
    }
    found
}

#[test]
fn every_case_has_its_verdict_and_its_kind_of_refusal() {
    let cases = shared_records("sign/slsa/cases.jsonl");
    if cases.is_empty() {
        return;
    }
    let root = TrustedRoot::public_good().expect("root");
    let (mut wrong, mut kinds, mut judged) = (Vec::new(), Vec::new(), 0);
    for case in &cases {
        let id = case["id"].as_str().expect("id");
        let builders: Vec<Option<String>> = match case["builder_ids"].as_array() {
            Some(ids) => ids.iter().map(|id| id.as_str().map(str::to_owned)).collect(),
            None => vec![None],
        };
        for builder in builders {
            judged += 1;
            let found = judge(case, builder.as_deref(), &root);
            match (&found, case["expect"] == "ok") {
                (Ok(_), true) => {}
                (Err(refusal), false) => {
                    let found = format!("Error{:?}", refusal.kind);
                    let wanted = case["error"].as_str().expect("kind");
                    if found != wanted && !OFFLINE_KINDS.contains(&(wanted, found.as_str())) {
                        kinds.push(format!("{id} ({builder:?}): {wanted}, not {refusal:?}"));
                    }
                }
                _ => wrong.push(format!("{id} ({builder:?}): {found:?}")),
            }
        }
    }
    println!("{judged} verdicts, {} of them of another kind", kinds.len());
    assert!(wrong.is_empty(), "{} of {judged}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(kinds.is_empty(), "{} of {judged}:\n{}", kinds.len(), kinds.join("\n"));
}

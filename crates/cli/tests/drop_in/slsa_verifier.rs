//! `slsa-verifier`; provenance of real builds is in `golden/slsa_verifier.rs`.

use plimsoll_testkit::{Compression, DockerRegistry, Image, shared, shared_records};

use crate::machine::Machine;

#[test]
fn an_image_without_provenance_is_refused_with_one() {
    let Ok(registry) = DockerRegistry::start(None, None) else { return };
    let machine = Machine::new();
    let image = Image::new().layer("COPY a", &[("a", "1")]);
    image.write_oci_dir(Compression::Gzip, &machine.path("layout"));
    registry.push(&machine.path("layout"), "user/image:tag").unwrap();
    let words = format!(
        "as slsa-verifier verify-image --source-uri github.com/user/repo --source-tag v1.0.0 {}/user/image:tag",
        registry.host()
    );
    let ran = machine.run(&words).ended(1);
    assert!(ran.err.contains("is a tag, which slsa-verifier itself refuses"), "{}", ran.err);
    assert!(ran.err.ends_with("FAILED: SLSA verification failed\n"), "{}", ran.err);
}

#[test]
fn flags_that_are_missing_or_unknown_end_with_one() {
    let machine = Machine::new();
    machine.run("as slsa-verifier verify-artifact app").ended(1);
    machine.run("as slsa-verifier verify-vsa").ended(1);
    let ran = machine.run("as slsa-verifier verify-nothing app").ended(1);
    assert!(ran.err.contains("`plimsoll provenance verify --help`"), "{}", ran.err);
}

#[test]
fn images_of_real_builds_pass_with_their_source_and_fail_with_another() {
    let Some(folder) = shared("sign/slsa") else { return };
    let machine = Machine::new();
    let mut passed = 0;
    for case in shared_records("sign/slsa/cases.jsonl") {
        let is_image = case["command"] == "verify-image" && case["oci_layout"].is_string();
        if !is_image || case["expect"] != "ok" {
            continue;
        }
        let layout = folder.join(case["oci_layout"].as_str().unwrap());
        let image = format!("oci-dir:{}", layout.display());
        let builder = case["builder_ids"][0].as_str().unwrap();
        let mut words =
            format!("as slsa-verifier verify-image --builder-id {builder} --print-provenance");
        for (flag, field) in [
            ("--source-branch", "source_branch"),
            ("--source-tag", "source_tag"),
            ("--source-versioned-tag", "source_versioned_tag"),
        ] {
            if let Some(value) = case[field].as_str() {
                words = format!("{words} {flag} {value}");
            }
        }
        let source = case["source_uri"].as_str().unwrap();
        let ran = machine.run(&format!("{words} --source-uri {source} {image}")).ended(0);
        assert!(ran.err.contains(": PASSED\n"), "{}", ran.err);
        assert!(ran.err.ends_with("PASSED: SLSA verification passed\n"), "{}", ran.err);
        let predicate = ran.json()["predicateType"].to_string();
        assert!(predicate.contains("slsa.dev/provenance"), "{predicate}");
        machine.run(&format!("{words} --source-uri github.com/other/repo {image}")).ended(1);
        passed += 1;
    }
    assert!(passed >= 5, "{passed}");
}

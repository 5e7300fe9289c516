//! `slsa-verifier`, with provenance of a real build where the shared data is.

use plimsoll_testkit::{Compression, DockerRegistry, Image};

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
    let ran = machine.run("as slsa-verifier verify-vsa app").ended(1);
    assert!(ran.err.contains("`plimsoll provenance verify --help`"), "{}", ran.err);
}

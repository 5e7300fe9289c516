//! Images: what they hold, how they are set up, who signed them and what hangs on them.

use std::fs;

use plimsoll_testkit::{Compression, Image};
use serde_json::Value;

use crate::machine::{Machine, Ran};

/// Alpine, of a release that is supported at the time of the tests.
pub(crate) fn image() -> Image {
    let release = "ID=alpine\nVERSION_ID=3.22.1\nPRETTY_NAME=\"Alpine Linux v3.22\"\n";
    let installed = "P:zlib\nV:1.3.1-r2\nA:x86_64\n\n";
    Image::new().layer(
        "COPY rootfs /",
        &[("etc/os-release", release), ("lib/apk/db/installed", installed), ("app", "x")],
    )
}

/// A machine with a key and an image in a layout.
pub(crate) fn with_image() -> Machine {
    let machine = Machine::new();
    image().write_oci_dir(Compression::Gzip, &machine.path("layout"));
    keyed(&machine, "key generate --type ed25519").ended(0);
    machine.write("plimsoll.toml", "[gate.signature]\nkey = \"plimsoll.pub\"\n");
    machine
}

pub(crate) fn keyed(machine: &Machine, arguments: &str) -> Ran {
    machine.run_with(&[("PLIMSOLL_KEY_PASSWORD", "pass")], arguments)
}

/// What a gate that knows no advisories says of each rule.
pub(crate) fn states(machine: &Machine, arguments: &str, code: i32) -> Value {
    let rules = "--rule findings.fresh=off -o json";
    let ran = machine.run(&format!("gate {rules} {arguments}")).ended(code).json();
    let all = ran["rulings"].as_array().unwrap().clone();
    all.into_iter().map(|one| (one["rule"].as_str().unwrap().to_owned(), one)).collect()
}

fn attest(machine: &Machine) {
    machine.run("sbom oci-dir:layout -o spdx-json=sbom.json").ended(0);
    let attest = "attest --key plimsoll.key --predicate sbom.json oci-dir:layout";
    keyed(machine, attest).ended(0);
}

#[test]
fn an_image_that_is_signed_and_has_a_bill_of_materials_passes() {
    let machine = with_image();
    let before = states(&machine, "oci-dir:layout", 5);
    assert_eq!(before["signature.signed"]["state"], "deny");
    assert_eq!(before["signature.signed"]["violations"][0]["message"], "no signature hangs on it");
    assert_eq!(before["sbom.attached"]["state"], "deny");
    assert_eq!(before["provenance.proven"]["state"], "warn");
    assert_eq!(before["image.user"]["state"], "pass");
    assert_eq!(before["base.supported"]["state"], "pass");

    keyed(&machine, "sign --key plimsoll.key oci-dir:layout").ended(0);
    attest(&machine);
    let after = states(&machine, "oci-dir:layout", 0);
    let why = after["signature.signed"]["why"].as_str().unwrap();
    assert!(why.starts_with("signed by key "), "{why}");
    let why = after["sbom.attached"]["why"].as_str().unwrap();
    assert!(why.starts_with("attested by key "), "{why}");
}

#[test]
fn the_signature_of_somebody_else_does_not_count() {
    let machine = with_image();
    keyed(&machine, "sign --key plimsoll.key oci-dir:layout").ended(0);
    attest(&machine);
    keyed(&machine, "key generate -o other --type ed25519").ended(0);
    machine.write("plimsoll.toml", "[gate.signature]\nkey = \"other.pub\"\n");
    let all = states(&machine, "oci-dir:layout", 5);
    for rule in ["signature.signed", "sbom.attached"] {
        assert_eq!(all[rule]["state"], "deny", "{rule}: {all:#}");
    }
}

#[test]
fn a_signature_that_nobody_is_named_for_is_neither_good_nor_bad() {
    let machine = with_image();
    keyed(&machine, "sign --key plimsoll.key oci-dir:layout").ended(0);
    attest(&machine);
    machine.write("plimsoll.toml", "[gate]\n");
    let all = states(&machine, "oci-dir:layout", 3);
    assert_eq!(all["signature.signed"]["state"], "unknown");
    assert_eq!(all["sbom.attached"]["state"], "pass");
    let one = machine.run("gate --only signature oci-dir:layout").ended(3);
    assert!(one.out.contains("not decided: something could not be judged"), "{}", one.out);
    assert!(one.out.contains("set `key`"), "{}", one.out);
    machine.run("gate --only signature --rule signature.signed=warn oci-dir:layout").ended(0);
}

#[test]
fn a_key_that_is_not_there_leaves_the_signature_unknown() {
    let machine = with_image();
    fs::remove_file(machine.path("plimsoll.pub")).unwrap();
    let all = states(&machine, "--only signature oci-dir:layout", 3);
    let why = all["signature.signed"]["why"].as_str().unwrap();
    assert!(why.contains("cannot read `plimsoll.pub`"), "{why}");
}

#[test]
fn an_image_that_is_nowhere_yet_is_judged_by_what_it_holds() {
    let machine = with_image();
    machine.write("app.tar", image().docker_archive(Compression::None));
    let all = states(&machine, "docker-archive:app.tar", 0);
    assert_eq!(all["signature.signed"]["state"], "not_asked");
    assert_eq!(all["image.user"]["state"], "pass");
    assert_eq!(all["findings.severity"]["state"], "pass");
}

#[test]
fn provenance_is_judged_by_its_signer_its_builder_and_its_level() {
    let machine = with_image();
    let provenance = r#"{"buildDefinition": {"buildType": "https://example.com/b",
        "externalParameters": {}, "resolvedDependencies": []},
        "runDetails": {"builder": {"id": "https://ci.example/"}}}"#;
    machine.write("provenance.json", provenance);
    let attest = "attest --key plimsoll.key --predicate provenance.json oci-dir:layout";
    keyed(&machine, attest).ended(0);
    let only = "--only provenance oci-dir:layout";
    let policy = |more: &str| {
        let text = format!("[gate.signature]\nkey = \"plimsoll.pub\"\n[gate.provenance]\n{more}");
        machine.write("plimsoll.toml", text);
    };
    policy("");
    let all = states(&machine, only, 0);
    let why = all["provenance.proven"]["why"].as_str().unwrap();
    assert!(why.starts_with("built by https://ci.example/, signed by key "), "{why}");
    policy("builder-id = \"https://other.example/\"\n");
    let all = states(&machine, only, 0);
    assert_eq!(all["provenance.proven"]["state"], "warn");
    policy("level = 3\n");
    let all = states(&machine, only, 5);
    let why = all["provenance.level"]["violations"][0]["message"].as_str().unwrap();
    assert!(why.starts_with("the evidence supports level ") && why.contains(" of 3: "), "{why}");
}

#[test]
fn the_age_and_the_size_of_an_image_have_limits() {
    let machine = with_image();
    machine.write(
        "plimsoll.toml",
        "[gate.image]\nmax-age = \"30d\"\nmax-packages = 0\n[gate.rules]\nimage.age = \"deny\"\n",
    );
    let all = states(&machine, "--only image oci-dir:layout", 0);
    assert_eq!(all["image.small"]["state"], "warn");
    // 40 days later.
    let later = [("SOURCE_DATE_EPOCH", "1770779045")];
    let ran = machine.run_with(&later, "gate --only image oci-dir:layout").ended(5);
    assert!(ran.out.contains("40 days ago; at most 30 days are allowed"), "{}", ran.out);
}

#[test]
fn an_image_that_nobody_answers_for_is_no_pass() {
    let machine = Machine::new();
    let ran = machine.run("gate 127.0.0.1:1/app:1").ended(3);
    assert!(ran.out.contains("unknown   signature.signed"), "{}", ran.said());
}

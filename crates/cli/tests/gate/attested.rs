//! The verdict as a signed statement: who may rely on it, and how other tools read it.

use std::process::Command;

use crate::images::{keyed, with_image};
use plimsoll_supply::Bytes;
use serde_json::Value;

const KIND: &str = "https://in-toto.io/attestation/test-result/v0.1";

fn statement(bundle: &Value) -> Value {
    let payload = bundle["dsseEnvelope"]["payload"].as_str().unwrap();
    serde_json::from_slice(&Bytes::decode(payload).unwrap().0).unwrap()
}

#[test]
fn a_verdict_hangs_on_the_image_and_is_verified_as_any_other_claim() {
    let machine = with_image();
    keyed(&machine, "sign --key plimsoll.key oci-dir:layout").ended(0);
    let gate = "gate --only signature,image --attest --key plimsoll.key --bundle gate.json";
    keyed(&machine, &format!("{gate} oci-dir:layout")).ended(0);
    let said = statement(&machine.json("gate.json"));
    assert_eq!(said["predicateType"], KIND);
    let predicate = &said["predicate"];
    assert_eq!(predicate["result"], "PASSED", "{predicate:#}");
    assert_eq!(predicate["configuration"][0]["name"], "plimsoll.toml");
    assert_eq!(predicate["configuration"][0]["digest"]["sha256"].as_str().unwrap().len(), 64);
    assert!(predicate["passedTests"].as_array().unwrap().contains(&"signature.signed".into()));

    let verify = "verify --offline oci-dir:layout --key plimsoll.pub --type test-result --cel";
    let command = |condition: &str| {
        let mut command = machine.command();
        command.args(verify.split_whitespace()).arg(condition).output().unwrap().status.code()
    };
    assert_eq!(command("predicate.result == 'PASSED'"), Some(0));
    assert_eq!(command("predicate.result == 'FAILED'"), Some(5));
}

#[test]
fn a_denial_is_attested_as_one() {
    let machine = with_image();
    let gate = "gate --only signature --attest --key plimsoll.key --bundle - -o json=gate.json";
    let ran = keyed(&machine, &format!("{gate} oci-dir:layout")).ended(5);
    let said = statement(&ran.json());
    assert_eq!(said["predicate"]["result"], "FAILED");
    assert_eq!(said["predicate"]["failedTests"][0], "signature.signed");
    assert_eq!(machine.json("gate.json")["verdict"], "deny");
}

#[test]
fn cosign_reads_the_attestation() {
    let machine = with_image();
    let gate = "gate --only image --attest --key plimsoll.key --bundle gate.json oci-dir:layout";
    keyed(&machine, gate).ended(0);
    let said = statement(&machine.json("gate.json"));
    let digest = said["subject"][0]["digest"]["sha256"].as_str().unwrap();
    let output = Command::new("cosign")
        .args(["verify-blob-attestation", "--bundle", "gate.json", "--key", "plimsoll.pub"])
        .args(["--type", KIND, "--digest", digest, "--digestAlg", "sha256"])
        .args(["--insecure-ignore-tlog", "--check-claims"])
        .current_dir(machine.path(""))
        .env("HOME", machine.path(""))
        .output();
    match output {
        Err(why) => println!("skipped: there is no cosign: {why}"),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{said}");
        }
    }
}

#[test]
fn what_has_no_place_for_an_attestation_asks_for_a_file() {
    let machine = with_image();
    machine.write("Dockerfile", crate::GOOD);
    let attest = "gate --attest --key plimsoll.key";
    let ran = keyed(&machine, &format!("{attest} Dockerfile")).ended(2);
    assert!(ran.err.contains("`--attest` is about images: name one"), "{}", ran.err);
    let ran = keyed(&machine, "gate --attest Dockerfile").ended(2);
    assert!(ran.err.contains("neither `--key` nor `--keyless`"), "{}", ran.err);
}

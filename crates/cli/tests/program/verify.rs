//! `plimsoll verify` and `plimsoll provenance`.

use std::fs;
use std::process::Command;

use plimsoll_testkit::shared;

use crate::machine::Machine;

const IDENTITY: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// A machine with a file that was signed without a key, and its bundle; none where the shared test
/// data is missing.
fn signed() -> Option<Machine> {
    let assets = shared("sign/conformance/assets")?;
    let machine = Machine::new();
    machine.write("a.txt", fs::read(assets.join("a.txt")).unwrap());
    let bundle = fs::read(assets.join("happy-path-v0.3/bundle.sigstore.json")).unwrap();
    machine.write("a.txt.sigstore.json", bundle);
    Some(machine)
}

#[test]
fn a_signature_of_the_one_who_is_named_verifies_without_a_network() {
    let Some(machine) = signed() else { return };
    let who = format!("--certificate-identity {IDENTITY} --certificate-oidc-issuer {ISSUER}");
    let ran = machine.run(&format!("verify a.txt {who}")).ended(0);
    assert!(ran.out.starts_with("verified: a.txt sha256:a0cfc712"), "{}", ran.said());
    let all = machine.run(&format!("verify a.txt --explain --offline {who}")).ended(0).out;
    for step in ["signature", "inclusion proof", "certificate log", "identity"] {
        assert!(all.contains(&format!("ok      {step} (")), "{step}: {all}");
    }
    let json = machine.run(&format!("verify a.txt -f json {who}")).ended(0).json();
    assert_eq!(json["verified"], true);
    assert_eq!(json["signer"]["names"][0]["value"], IDENTITY);
}

#[test]
fn another_signer_is_refused_with_the_one_who_is_there_and_the_flags_for_him() {
    let Some(machine) = signed() else { return };
    let who = format!("--certificate-identity me@example.com --certificate-oidc-issuer {ISSUER}");
    let ran = machine.run(&format!("verify a.txt {who}")).ended(1);
    assert!(ran.out.contains("FAILED  identity"), "{}", ran.said());
    assert!(ran.out.contains("expected me@example.com"), "{}", ran.said());
    assert!(ran.out.contains(&format!("hint: it would match --certificate-identity {IDENTITY}")));
    machine.write("a.txt", "another");
    let who = format!("--certificate-identity {IDENTITY} --certificate-oidc-issuer {ISSUER}");
    let ran = machine.run(&format!("verify a.txt {who}")).ended(1);
    assert!(ran.out.contains("FAILED  artefact"), "{}", ran.said());
    assert!(!ran.out.contains("hint"), "{}", ran.said());
}

#[test]
fn who_must_have_signed_has_to_be_said_and_evidence_has_to_be_there() {
    let machine = Machine::new();
    machine.write("a.txt", "a");
    assert!(machine.run("verify a.txt").ended(2).err.contains("name who must have signed"));
    let own = "--certificate-identity a --certificate-oidc-issuer b";
    let ran = machine.run(&format!("verify a.txt {own}")).ended(2);
    assert!(ran.err.contains("there is no `a.txt.sigstore.json`"), "{}", ran.said());
    machine.run(&format!("verify missing.txt {own}")).ended(3);
    machine.write("a.txt.bundle", "{}");
    let ran = machine.run(&format!("verify a.txt {own}")).ended(1);
    assert!(ran.out.contains("FAILED  bundle"), "{}", ran.said());
    let ran = machine.run(&format!("verify a.txt --certificate-extension x=y {own}")).ended(2);
    assert!(ran.err.contains("unknown extension `x`"), "{}", ran.said());
}

#[test]
fn a_bare_signature_of_openssl_verifies_under_its_key() {
    let machine = Machine::new();
    let openssl = |arguments: &str| {
        let mut command = Command::new("openssl");
        command.args(arguments.split(' ')).current_dir(machine.path("."));
        command.output().is_ok_and(|output| output.status.success())
    };
    machine.write("a.txt", "the cargo");
    for curve in ["prime256v1", "secp384r1", "secp521r1"] {
        if !openssl(&format!("ecparam -genkey -noout -name {curve} -out key.pem")) {
            println!("skipped: no openssl");
            return;
        }
        assert!(openssl("pkey -in key.pem -pubout -out key.pub"));
        assert!(openssl("dgst -sha256 -sign key.pem -out a.sig a.txt"));
        let good = machine.run("verify a.txt --key key.pub --signature a.sig");
        assert!(good.ended(0).out.starts_with("verified: a.txt"), "{curve}");
        machine.write("b.txt", "other cargo");
        let bad = machine.run("verify b.txt --key key.pub --signature a.sig").ended(1);
        assert!(bad.out.contains("FAILED  signature"), "{curve}: {}", bad.said());
    }
    assert!(
        openssl("genrsa -out rsa.pem 2048") && openssl("pkey -in rsa.pem -pubout -out rsa.pub")
    );
    assert!(openssl("dgst -sha256 -sign rsa.pem -out a.sig a.txt"));
    machine.run("verify a.txt --key rsa.pub --signature a.sig").ended(0);
    machine.run("verify a.txt --key key.pub --signature a.sig").ended(1);
}

#[test]
fn provenance_says_where_a_file_comes_from() {
    let Some(data) = shared("sign/slsa/testdata") else { return };
    let machine = Machine::new();
    for name in ["workflow-inputs", "workflow-inputs.intoto.jsonl"] {
        machine.write(name, fs::read(data.join(name)).unwrap());
    }
    let run = |more: &str| {
        let path = "--provenance-path workflow-inputs.intoto.jsonl";
        machine.run(&format!("provenance verify workflow-inputs {path} {more}"))
    };
    let source = "--source-uri github.com/laurentsimon/slsa-on-github-test";
    let ran = run(&format!("{source} --build-workflow-input some_integer=123")).ended(0);
    assert!(ran.out.contains("built by https://github.com/slsa-framework/"), "{}", ran.said());
    assert!(ran.err.contains("no entry of a log"), "{}", ran.said());
    let ran = run("--source-uri github.com/laurentsimon/other").ended(1);
    assert!(ran.out.contains("built from another source"), "{}", ran.said());
    run(&format!("{source} --build-workflow-input some_integer=124")).ended(1);
    run(&format!("{source} --build-workflow-input nonsense")).ended(2);
}

#[test]
fn the_tag_that_provenance_names_must_be_signed_and_for_its_commit() {
    let Some(data) = shared("sign/slsa/testdata") else { return };
    let machine = Machine::new();
    for name in ["annotated-tag", "annotated-tag.intoto.jsonl"] {
        machine.write(name, fs::read(data.join(name)).unwrap());
    }
    let tool = |program: &str, words: &[&str]| {
        let mut command = Command::new(program);
        command.args(words).current_dir(machine.path(".")).env("HOME", machine.path("."));
        let who =
            ["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"];
        command.envs(who.map(|name| (name, "a@example.com")));
        command.output().is_ok_and(|output| output.status.success())
    };
    let is_there = tool("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", "key"])
        && tool("git", &["init", "-q", "app"])
        && tool("git", &["-C", "app", "commit", "-q", "--allow-empty", "-m", "m"]);
    if !is_there {
        return println!("skipped: git or ssh-keygen is missing");
    }
    let public = fs::read_to_string(machine.path("key.pub")).unwrap();
    machine.write("allowed", format!("a@example.com {public}"));
    let run = || {
        machine.run(
            "provenance verify annotated-tag --provenance-path annotated-tag.intoto.jsonl \
             --source-uri github.com/asraa/slsa-on-github-test --git-dir app --allowed-signers allowed",
        )
    };
    let ran = run().ended(1);
    assert!(
        ran.out.contains("the source's tag, object: ") && ran.out.contains("no such tag"),
        "{}",
        ran.said()
    );
    let key = format!("user.signingkey={}", machine.path("key").display());
    let sign = ["-C", "app", "-c", "gpg.format=ssh", "-c", &key, "tag", "-s", "-m", "m", "v1.5.0"];
    assert!(tool("git", &sign));
    let ran = run().ended(1);
    let why =
        "the source's tag, target: expected commit f24af35a7c714f1b4eeb53afefb57fa11bd5c95c, found";
    assert!(ran.out.contains(why), "{}", ran.said());
    // The tag itself is well signed.
    let ran =
        machine.run("verify --git-tag v1.5.0 --git-dir app --allowed-signers allowed -f json");
    let said = ran.ended(0).json();
    assert_eq!(said["signer"]["names"][0], "a@example.com");
    assert_eq!(said["algorithm"], "sha1");
    let who = "--git-signer b@example.com";
    machine
        .run(&format!("verify --git-tag v1.5.0 --git-dir app --allowed-signers allowed {who}"))
        .ended(1);
    let ran = machine.run("verify annotated-tag --allowed-signers allowed").ended(2);
    assert!(ran.err.contains("--git-tag TAG or --git-commit"), "{}", ran.said());
    let ran = machine.run("verify --git-tag v1.5.0 --git-dir app").ended(2);
    assert!(ran.err.contains("name who may sign"), "{}", ran.said());
}

#[test]
fn a_flag_that_would_not_be_asked_about_is_refused() {
    let machine = Machine::new();
    let asked = ["--require 2-of keys.pem", "-a env=prod"];
    let schemes = [
        "--repo org/app",
        "--owner org",
        "--pypi-publisher https://github.com/org/app",
        "--npm-package app@1.0.0",
        "--scan",
        "--type vuln --cel true",
    ];
    for scheme in schemes {
        for flag in asked {
            let ran = machine.run(&format!("verify app:1 {scheme} {flag}")).ended(2);
            assert!(ran.err.contains("cannot be used with"), "{scheme} {flag}: {}", ran.err);
        }
    }
}

//! `plimsoll trust`, and the roots that `plimsoll verify` takes.

use std::fs;

use plimsoll_testkit::shared;

use crate::machine::Machine;

#[test]
fn without_an_update_the_built_in_root_counts_and_its_age_is_said() {
    let machine = Machine::new();
    let ran = machine.run("trust status").ended(0);
    assert!(ran.out.contains("sigstore: built in, of 20"), "{}", ran.said());
    assert!(ran.out.contains("days old"), "{}", ran.said());
    assert!(ran.out.contains("github: none"), "{}", ran.said());
}

#[test]
fn an_update_that_fails_leaves_nothing_behind() {
    let machine = Machine::new();
    fs::create_dir(machine.path("empty")).unwrap();
    let ran = machine.run("trust update --mirror empty").ended(3);
    assert!(ran.err.contains("root 15 is not in the repository"), "{}", ran.said());
    machine.write("junk/15.root.json", "{}");
    machine.run("trust update --mirror junk").ended(3);
    machine.write(
        "root.json",
        r#"{"signed": {"_type": "root", "spec_version": "1.0"}, "signatures": []}"#,
    );
    let ran = machine.run("trust init --root root.json --mirror empty").ended(3);
    assert!(ran.err.contains("`root.json` with `empty`"), "{}", ran.said());
    machine.run("trust update --mirror no/such/folder").ended(3);
    machine.run("trust update --of nobody").ended(2);
    assert!(!machine.path(".local/share/plimsoll/trust/sigstore").exists());
    machine.run("trust status").ended(0);
}

#[test]
fn a_trusted_root_that_was_fetched_takes_the_place_of_the_built_in_one() {
    let Some(assets) = shared("sign/conformance/assets") else { return };
    let machine = Machine::new();
    machine.write("a.txt", fs::read(assets.join("a.txt")).unwrap());
    let bundle = fs::read(assets.join("happy-path-v0.3/bundle.sigstore.json")).unwrap();
    machine.write("a.txt.sigstore.json", bundle);
    let who =
        "verify a.txt --certificate-identity-regexp ^https --certificate-oidc-issuer-regexp ^https";
    machine.run(who).ended(0);
    let empty = r#"{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1"}"#;
    machine.write("trust/sigstore/targets/trusted_root.json", empty);
    let folder = machine.path("trust").display().to_string();
    let who = format!("{who} --explain");
    let ran = machine.run_with(&[("PLIMSOLL_TRUST_DIR", &folder)], &who).ended(1);
    assert!(ran.out.contains("trust/sigstore/targets/trusted_root.json"), "{}", ran.said());
}

#[test]
fn where_it_was_built_has_to_be_said_whole() {
    let machine = Machine::new();
    machine.write("a.txt", "a");
    for (flags, why) in [
        ("--repo org", "is not of the form OWNER/NAME"),
        ("--repo org/a/b", "is not of the form OWNER/NAME"),
        ("--deny-self-hosted-runners", "--repo OWNER/NAME or --owner OWNER"),
        ("--repo org/a", "there is no `a.txt.intoto.sigstore.json`"),
        ("--pypi-publisher http://github.com/a/b", "is neither below"),
        ("--pypi-publisher https://github.com/a/b", "name the attestation with --bundle"),
    ] {
        let ran = machine.run(&format!("verify a.txt {flags}")).ended(2);
        assert!(ran.err.contains(why), "{flags}: {}", ran.said());
    }
    machine.write("b.json", "{}\n{}\n");
    let ran = machine.run("verify a.txt --bundle b.json --repo org/a").ended(1);
    assert_eq!(ran.out.matches("FAILED  bundle").count(), 2, "{}", ran.said());
}

//! `grype`.

use crate::sample;

#[test]
fn json_is_laid_out_as_grypes_readers_expect_it() {
    let machine = sample::machine();
    let document = machine.run("as grype docker-archive:app.tar -o json").ended(0).json();
    let matches = document["matches"].as_array().unwrap();
    let openssl = matches.iter().find(|it| it["artifact"]["name"] == "libssl3").unwrap();
    assert_eq!(openssl["vulnerability"]["severity"], "Critical");
    assert_eq!(openssl["vulnerability"]["fix"]["state"], "fixed");
    assert_eq!(openssl["vulnerability"]["fix"]["versions"][0], "3.0.13-1~deb12u1");
    assert_eq!(openssl["artifact"]["type"], "deb");
    assert_eq!(openssl["artifact"]["upstreams"][0]["name"], "openssl");
    assert_eq!(openssl["matchDetails"][0]["type"], "exact-indirect-match");
    assert_eq!(openssl["artifact"]["locations"][0]["path"], "/var/lib/dpkg/status");
    let lodash = matches.iter().find(|it| it["vulnerability"]["id"] == "CVE-2025-1004").unwrap();
    assert_eq!(lodash["vulnerability"]["knownExploited"][0]["cve"], "CVE-2025-1004");
    assert_eq!(document["source"]["type"], "image");
    assert_eq!(document["distro"]["name"], "debian");
}

#[test]
fn over_the_gate_it_ends_with_two() {
    let machine = sample::machine();
    machine.run("as grype app.tar").ended(0);
    machine.run("as grype app.tar --fail-on critical").ended(2);
    machine.run("as grype app.tar -f high --only-fixed -o json --file out.json").ended(2);
    assert!(!machine.json("out.json").to_string().contains("CVE-2025-1002"));
    machine.run_with(&[("GRYPE_FAIL_ON_SEVERITY", "high")], "as grype app.tar").ended(2);
    machine.run("as grype missing.tar:/x").ended(1);
    machine.run("as grype app.tar --fail-on worst").ended(1);
}

#[test]
fn rules_of_its_file_pass_matches_over_and_are_told() {
    let machine = sample::machine();
    machine.write(
        ".grype.yaml",
        "fail-on-severity: critical\nignore:\n  - vulnerability: CVE-2025-1004\n    reason: not reached\n  - package: {name: libssl3}\n",
    );
    let ran = machine.run("as grype app.tar -o json").ended(0);
    let document = ran.json();
    assert_eq!(document["ignoredMatches"].as_array().unwrap().len(), 2);
    assert_eq!(
        document["ignoredMatches"].to_string().matches("not reached").count(),
        1,
        "{}",
        document["ignoredMatches"]
    );
}

#[test]
fn an_sbom_is_judged_as_the_image_is() {
    let machine = sample::machine();
    machine.run("sbom docker-archive:app.tar -o cyclonedx-json=a.json").ended(0);
    let ran = machine.run("as grype sbom:a.json -o json --fail-on critical").ended(2);
    assert_eq!(ran.json()["distro"]["version"], "12");
    let text = machine.read("a.json");
    machine.run_with_stdin("as grype --fail-on critical", &text).ended(2);
    machine.write("no.json", "{}");
    machine.run("as grype sbom:no.json").ended(1);
}

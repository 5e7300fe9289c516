//! What programs that were written for the tools' JSON ask of it: filters of jq as they stand in
//! pipelines, answered the same by ours.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use plimsoll_testkit::{Compression, Image};

use crate::machine::Machine;
use crate::peers::{jq, peer};
use crate::sample;

fn asked(document: &str, filter: &str) -> BTreeSet<String> {
    jq(filter, document).unwrap_or_default().into_iter().collect()
}

fn set(all: &[&str]) -> BTreeSet<String> {
    all.iter().map(|it| (*it).to_owned()).collect()
}

fn is_here() -> bool {
    jq(".", "{}").is_some()
}

#[test]
fn of_trivys_json() {
    if !is_here() {
        return;
    }
    let machine = sample::machine();
    let text = machine.run("as trivy image --input app.tar -f json -q").ended(0).out;
    let severe =
        ".Results[]? | .Vulnerabilities[]? | select(.Severity == \"CRITICAL\") | .VulnerabilityID";
    assert_eq!(asked(&text, severe), set(&["CVE-2025-1001", "CVE-2025-1004"]));
    let count = "[.Results[].Vulnerabilities[]?] | length";
    assert_eq!(asked(&text, count), set(&["4"]));
    let groups = "[.Results[].Vulnerabilities[]? | .Severity] | group_by(.) | map({(.[0]): length}) | add | keys[]";
    assert_eq!(asked(&text, groups), set(&["CRITICAL", "MEDIUM"]));
    let rows = ".Results[] | select(.Class == \"os-pkgs\") | .Vulnerabilities[] | [.PkgName, .InstalledVersion, (.FixedVersion // \"\"), .Severity] | @csv";
    assert!(
        asked(&text, rows)
            .contains("\"libssl3\",\"3.0.11-1~deb12u2\",\"3.0.13-1~deb12u1\",\"CRITICAL\"")
    );
    assert_eq!(asked(&text, ".Metadata.OS | \"\\(.Family) \\(.Name)\""), set(&["debian 12"]));
}

#[test]
fn of_grypes_and_syfts_json() {
    if !is_here() {
        return;
    }
    let machine = sample::machine();
    let text = machine.run("as grype app.tar -o json").ended(0).out;
    let severe = ".matches[] | select(.vulnerability.severity == \"Critical\") | .vulnerability.id";
    assert_eq!(asked(&text, severe), set(&["CVE-2025-1001", "CVE-2025-1004"]));
    let rows = ".matches[] | select(.vulnerability.fix.state == \"fixed\") | \"\\(.artifact.name) \\(.artifact.version) \\(.vulnerability.fix.versions[0])\"";
    assert!(asked(&text, rows).contains("lodash 4.17.4 4.17.12"), "{text}");
    let text = machine.run("as syft app.tar -o json").ended(0).out;
    let names = ".artifacts[] | select(.type == \"npm\") | \"\\(.name)@\\(.version)\"";
    assert!(asked(&text, names).contains("lodash@4.17.4"));
    assert_eq!(asked(&text, ".distro | \"\\(.id) \\(.versionID)\""), set(&["debian 12"]));
    assert!(asked(&text, ".artifacts[].purl").iter().all(|purl| purl.starts_with("pkg:")));
}

#[test]
fn of_hadolints_snyks_and_dockles_json() {
    if !is_here() {
        return;
    }
    let machine = sample::machine();
    machine.write("Dockerfile", "FROM debian:latest\nRUN sudo ls\n");
    let text = machine.run("as hadolint -f json Dockerfile").ended(1).out;
    let codes = ".[] | select(.level == \"warning\" or .level == \"error\") | .code";
    assert!(asked(&text, codes).is_superset(&set(&["DL3004", "DL3007"])), "{text}");
    let text = machine.run("as snyk container test app.tar --json").ended(1).out;
    assert_eq!(asked(&text, ".ok"), set(&["false"]));
    let severe = ".vulnerabilities[] | select(.severity == \"critical\") | .identifiers.CVE[]";
    assert_eq!(asked(&text, severe), set(&["CVE-2025-1001", "CVE-2025-1004"]));
    let text = machine.run("as dockle -f json --input app.tar").ended(0).out;
    let codes = ".details[] | select(.level == \"INFO\") | .code";
    assert!(asked(&text, codes).contains("CIS-DI-0006"), "{text}");
    assert_eq!(asked(&text, ".summary.fatal"), set(&["0"]));
}

#[test]
fn of_cosigns_json() {
    if !is_here() {
        return;
    }
    let machine = Machine::new();
    let image = Image::new().layer("COPY a", &[("a", "1")]);
    image.write_oci_dir(Compression::Gzip, &machine.path("layout"));
    let run = |words: &str| {
        machine.run_with(&[("COSIGN_PASSWORD", "x")], &format!("as cosign {words}")).ended(0).out
    };
    run("generate-key-pair");
    run("sign --key cosign.key --tlog-upload=false -a env=prod oci-dir:layout");
    let text = run("verify --key cosign.pub oci-dir:layout");
    let digests = asked(&text, ".[].critical.image[\"docker-manifest-digest\"]");
    assert!(digests.iter().all(|it| it.starts_with("sha256:")) && digests.len() == 1);
    assert_eq!(asked(&text, ".[0].optional.env"), set(&["prod"]));
}

#[test]
fn defectdojos_parsers_find_every_weakness() {
    // A checkout of DefectDojo and an interpreter with what its parsers import, as `make drop-in-peers` makes them.
    let Some(checkout) = peer("defectdojo/dojo/tools/trivy/parser.py") else { return };
    let checkout = checkout.ancestors().nth(4).unwrap().to_owned();
    let python = checkout.join("python/bin/python3");
    if !python.is_file() {
        println!("skipped: there is no {}", python.display());
        return;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../benches/defectdojo.py");
    let ran = Command::new(python)
        .arg("-B")
        .arg(script)
        .arg(env!("CARGO_BIN_EXE_plimsoll"))
        .arg(checkout)
        .output()
        .unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{said}");
    assert_eq!(said.lines().filter(|line| line.contains(" 0 lost, 0 more")).count(), 6, "{said}");
}

#[test]
fn snyk_to_html_shows_every_weakness_and_every_check() {
    let Some(program) = peer("snyk-to-html/node_modules/.bin/snyk-to-html") else { return };
    let machine = sample::machine();
    machine.write("src/Dockerfile", "FROM node:latest\nRUN sudo ls\n");
    machine.run("as snyk container test app.tar --json-file-output=test.json").ended(1);
    machine.run("as snyk iac test src --json-file-output=iac.json").ended(1);
    let page = |report: &str| {
        let mut command = Command::new(&program);
        command.args(["-i", report, "-o", "page.html"]).current_dir(machine.path("."));
        let ran = command.output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        machine.read("page.html")
    };
    let html = page("test.json");
    let document = machine.json("test.json");
    let found = document["vulnerabilities"].as_array().unwrap();
    assert!(found.len() > 2, "{document}");
    for one in found {
        let id = one["identifiers"]["CVE"][0].as_str().unwrap_or(one["id"].as_str().unwrap());
        assert!(html.contains(id), "{id}");
    }
    let html = page("iac.json");
    for rule in ["DL3007", "DL3004"] {
        assert!(html.contains(rule), "{rule}");
    }
}

#[test]
fn recipes_for_cosigns_output_find_digest_and_claim() {
    if !is_here() {
        return;
    }
    let machine = Machine::new();
    let image = Image::new().layer("COPY a", &[("a", "1")]);
    image.write_oci_dir(Compression::Gzip, &machine.path("layout"));
    machine.write("sbom.json", r#"{"bomFormat":"CycloneDX","specVersion":"1.5"}"#);
    let cosign = |words: &str| {
        machine
            .run_with(&[("COSIGN_PASSWORD", "secret")], &format!("as cosign {words}"))
            .ended(0)
            .out
    };
    cosign("generate-key-pair");
    cosign("sign --key cosign.key -a env=prod oci-dir:layout");
    cosign("attest --key cosign.key --type cyclonedx --predicate sbom.json oci-dir:layout");
    let claims = cosign("verify --key cosign.pub oci-dir:layout");
    let digest = asked(&claims, r#".[].critical.image."docker-manifest-digest""#);
    assert!(digest.iter().all(|it| it.starts_with("sha256:")) && digest.len() == 1, "{digest:?}");
    assert_eq!(asked(&claims, ".[0].optional.env"), set(&["prod"]));
    let envelopes = cosign("verify-attestation --key cosign.pub --type cyclonedx oci-dir:layout");
    let recipe = ".payload | @base64d | fromjson | .predicate.bomFormat";
    assert_eq!(asked(&envelopes, recipe), set(&["CycloneDX"]));
    let recipe = r#"select(.payloadType == "application/vnd.in-toto+json") | .signatures | length"#;
    assert_eq!(asked(&envelopes, recipe), set(&["1"]));
}

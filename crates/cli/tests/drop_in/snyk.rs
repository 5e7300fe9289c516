//! `snyk`.

use crate::feeds::{CRITICAL, osv, record};
use crate::sample;
use crate::serving::Serving;

#[test]
fn found_vulnerabilities_end_with_one_and_nothing_with_zero() {
    let machine = sample::machine();
    let ran = machine.run("as snyk container test docker-archive:app.tar --json").ended(1);
    let document = ran.json();
    assert_eq!(document["ok"], false);
    assert_eq!(document["packageManager"], "deb");
    let all = document["vulnerabilities"].as_array().unwrap();
    let openssl = all.iter().find(|it| it["name"] == "openssl/libssl3").unwrap();
    assert_eq!(openssl["severity"], "critical");
    assert_eq!(openssl["packageName"], "openssl");
    assert_eq!(openssl["semver"]["vulnerable"][0], "<3.0.13-1~deb12u1");
    assert_eq!(openssl["nearestFixedInVersion"], "3.0.13-1~deb12u1");
    machine.run("as snyk container test app.tar --exclude-app-vulns --severity-threshold=critical --json-file-output=a.json").ended(1);
    assert_eq!(machine.json("a.json")["uniqueCount"], 1);
    machine.run("as snyk container test missing:/x").ended(2);
    machine.run("as snyk container test app.tar --severity-threshold=worst").ended(2);
}

#[test]
fn a_policy_passes_over_what_it_names_where_and_until_when() {
    let machine = sample::machine();
    machine.write(
        ".snyk",
        "version: v1.25.0\nignore:\n  CVE-2025-1004:\n    - '*':\n        reason: not reached\n        expires: 2027-01-01T00:00:00.000Z\n  CVE-2025-1001:\n    - 'openssl/libssl3':\n        reason: over\n        expires: 2025-01-01T00:00:00.000Z\n  SNYK-DEBIAN12-BASH-1:\n    - '*': {}\npatch: {}\n",
    );
    let ran = machine.run("as snyk container test app.tar --policy-path=.snyk --json").ended(1);
    assert!(ran.err.contains("1 ignores of `.snyk` are over"), "{}", ran.err);
    assert!(ran.err.contains("1 ignores of `.snyk` go by Snyk's own ids"), "{}", ran.err);
    let document = ran.json();
    assert_eq!(document["filtered"]["ignore"][0]["id"], "CVE-2025-1004");
    assert_eq!(
        document["filtered"]["ignore"][0]["filtered"]["ignored"][0]["reason"],
        "not reached"
    );
    let left = document["vulnerabilities"].to_string();
    assert!(!left.contains("\"id\":\"CVE-2025-1004\""));
}

#[test]
fn layers_of_the_base_image_are_left_out_where_the_dockerfile_names_it() {
    let machine = sample::machine();
    machine.write("Dockerfile", "FROM docker-archive:app.tar\nUSER 1000\n");
    machine
        .run("as snyk container test app.tar --exclude-base-image-vulns --file=Dockerfile")
        .ended(0);
    let ran = machine.run("as snyk container test app.tar --exclude-base-image-vulns").ended(2);
    assert!(ran.err.contains("`--file=Dockerfile`"), "{}", ran.err);
}

#[test]
fn what_needs_an_account_says_what_it_does_here() {
    let machine = sample::machine();
    assert!(machine.run("as snyk auth").ended(0).err.contains("no account"));
    let ran = machine.run("as snyk code test").ended(2);
    assert!(ran.err.contains("snyk: `code` is not here: "), "{}", ran.err);
}

#[test]
fn monitored_images_are_kept_by_the_server_and_matched_again() {
    let machine = sample::machine();
    let ran = machine
        .run_with(&[("PLIMSOLL_SERVER", "http://127.0.0.1:1")], "as snyk container monitor app.tar")
        .ended(2);
    assert!(ran.err.contains("nothing answers at http://127.0.0.1:1"), "{}", ran.err);
    assert!(ran.err.contains("say by PLIMSOLL_SERVER where it is"), "{}", ran.err);

    let serving = Serving::on(&machine);
    let url = serving.url();
    let run = |words: &str| {
        machine
            .run_with(&[("PLIMSOLL_SERVER", &url)], &format!("as snyk container monitor {words}"))
    };
    let ran = run("app.tar").ended(0);
    assert!(
        ran.out.contains(&format!("Explore this snapshot at {url}/images/sha256:")),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("2 critical"), "{}", ran.out);
    machine.write(".snyk", "ignore:\n  CVE-2025-1004:\n    - '*':\n        reason: x\n");
    let ran = run("app.tar --json --policy-path=.snyk").ended(0);
    assert!(ran.err.contains("ignores of the policy stay here"), "{}", ran.err);
    let document = ran.json();
    assert_eq!(document["ok"], true);
    assert_eq!(document["findings"]["critical"], 2);
    let id = document["id"].as_str().unwrap().to_owned();

    // What becomes known later is found without the image.
    std::fs::remove_file(machine.path("app.tar")).unwrap();
    let bash = record("DEBIAN-CVE-2026-1", "Debian:12", "bash", Some("9"), CRITICAL);
    osv(&machine, "Debian", &[bash]);
    machine.run("db update --no-starter --accept-jump --mirror mirror").ended(0);
    let began = std::time::Instant::now();
    loop {
        let answer = ask(&serving.host, &format!("/api/v1/images/{id}/findings"));
        if answer.contains("CVE-2026-1") {
            break;
        }
        assert!(began.elapsed().as_secs() < 60, "{answer}");
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
}

fn ask(host: &str, path: &str) -> String {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn bills_of_images_and_folders_have_the_layouts_that_are_asked_for() {
    let machine = sample::machine();
    let bill =
        machine.run("as snyk container sbom --format=cyclonedx1.6+json app.tar").ended(0).json();
    assert_eq!(bill["bomFormat"], "CycloneDX");
    assert!(bill.to_string().contains("pkg:npm/lodash@"), "{bill}");
    let words = "as snyk container sbom --format=spdx2.3+json --exclude-app-vulns --json-file-output=b.json app.tar";
    let bill = machine.run(words).ended(0).json();
    assert_eq!(bill, machine.json("b.json"));
    assert_eq!(bill["spdxVersion"], "SPDX-2.3");
    assert!(!bill.to_string().contains("pkg:npm/lodash@"), "{bill}");
    machine.write("shop/requirements.txt", "Flask==2.0.0\n");
    let bill = machine.run("as snyk sbom --format cyclonedx1.5+json shop").ended(0).out;
    assert!(bill.to_lowercase().contains("pkg:pypi/flask@2.0.0"), "{bill}");
    machine.run("as snyk sbom --format=cyclonedx1.4+xml shop").ended(2);
    machine.run("as snyk sbom shop").ended(2);
}

#[test]
fn files_of_infrastructure_are_judged_with_snyks_codes() {
    let machine = sample::machine();
    machine.write("src/Dockerfile", "FROM node:latest\nRUN sudo ls\n");
    let ran = machine.run("as snyk iac test src --json --sarif-file-output=a.sarif").ended(1);
    let document = ran.json();
    assert_eq!(document[0]["targetFile"], "Dockerfile");
    assert_eq!(document[0]["packageManager"], "dockerfileconfig");
    let first = &document[0]["infrastructureAsCodeIssues"][0];
    for field in ["id", "title", "severity", "lineNumber"] {
        assert!(!first[field].is_null(), "{first}");
    }
    assert_eq!(machine.json("a.sarif")["version"], "2.1.0");
    machine.run("as snyk iac test src --severity-threshold=critical").ended(0);
    machine.run("as snyk iac test src --severity-threshold=worst").ended(2);
    machine.write("empty/a.txt", "");
    let none = machine.run("as snyk iac test empty").ended(3);
    assert!(none.err.contains("has no Dockerfile and no manifest"), "{}", none.err);
}

#[test]
fn our_own_scan_reads_a_policy_and_hands_the_inventory_to_a_server() {
    let machine = sample::machine();
    machine.write(
        "policy/.snyk",
        "ignore:\n  CVE-2025-1004:\n    - '*':\n        reason: not reached\n        expires: 2027-01-01T00:00:00.000Z\n",
    );
    let words = "scan docker-archive:app.tar -o json --policy policy/.snyk";
    let document = machine.run(words).ended(0).json();
    let all = document["findings"].as_array().unwrap();
    let passed = all.iter().find(|it| it["id"] == "CVE-2025-1004").unwrap();
    assert_eq!(passed["suppressed"], "not reached");
    assert!(all.iter().any(|it| it["suppressed"].is_null()), "{document}");
    machine.run("scan docker-archive:app.tar --policy missing").ended(3);

    let serving = Serving::on(&machine);
    let url = serving.url();
    let ran = machine.run(&format!("scan docker-archive:app.tar --fail-on high --monitor {url}"));
    let ran = ran.ended(1);
    assert!(ran.err.contains(&format!("monitored: {url}/images/sha256:")), "{}", ran.err);
    let silent = machine.run("scan docker-archive:app.tar --monitor http://127.0.0.1:1").ended(3);
    assert!(silent.err.contains("nothing answers at http://127.0.0.1:1"), "{}", silent.err);
}

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
    let ran = machine.run("as snyk iac test x").ended(2);
    assert!(ran.err.contains("`iac` is not understood here"), "{}", ran.err);
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

//! What a scan prints and writes.

use plimsoll_testkit::{Compression, Image};

use crate::machine::Machine;
use crate::sample;

#[test]
fn the_table_has_worst_first_and_says_which_layer_brought_it() {
    let machine = sample::machine();
    let scan = machine.run("scan docker-archive:app.tar").ended(0);
    assert_eq!(scan.err, "");
    insta::assert_snapshot!(scan.out, @"
    example/app:1 · docker-archive · sha256:290f61af2fcc · linux/amd64 · Debian GNU/Linux 12 (bookworm) · 6 packages

    SEVERITY  ID                   PACKAGE  INSTALLED         FIXED             LAYER                              TITLE

    Debian GNU/Linux 12 (bookworm) · packages of the distribution · 2 findings
    CRITICAL  CVE-2025-1001        libssl3  3.0.11-1~deb12u2  3.0.13-1~deb12u1  #0 ADD file:0123456789abcdef in /  A weakness of openssl
    MEDIUM    CVE-2025-1002        bash     5.2.15-2          no fix            #0 ADD file:0123456789abcdef in /  A weakness of bash

    app/node_modules · npm · 2 findings
    CRITICAL  CVE-2025-1004        lodash   4.17.4            4.17.12           #1 COPY . /app                     KEV · A weakness of lodash
    MEDIUM    GHSA-aaaa-bbbb-cccc  lodash   4.17.4            no fix            #1 COPY . /app                     A weakness of lodash

    4 findings: 2 critical, 2 medium · 2 fixable · 1 exploited · 2 packages to update
    Update openssl to 3.0.13-1~deb12u1 (libssl3): fixes 1 finding, the worst critical
    Update lodash to 4.17.12 in app/node_modules: fixes 1 finding, the worst critical

    KEV: known to be exploited (CISA)
    advisories: 9 records of kev, osv/Debian, osv/PyPI, osv/npm, the newest of 2025-12-01 (32 days old)
    undecided: left-pad our-own and GHSA-left-left-left: `our-own` is no version for SemVer: it does not begin with a number
    ");
}

#[test]
fn the_json_can_be_walked_from_finding_to_layer_and_advisory() {
    let scan = sample::machine().run("scan docker-archive:app.tar -o json").ended(0).json();
    assert_eq!(scan["schema"], "plimsoll.scan/v1");
    assert_eq!(scan["scanned_at"], "2026-01-02T03:04:05Z");
    assert_eq!(scan["target"]["reference"], "docker-archive:app.tar");
    assert_eq!(scan["distro"]["ecosystem"], "Debian:12");
    let lodash = finding(&scan, "CVE-2025-1004");
    assert_eq!(lodash["severity"], "critical");
    assert_eq!(lodash["aliases"][0], "GHSA-jf85-cpcp-j695");
    assert_eq!(lodash["package"]["purl"], "pkg:npm/lodash@4.17.4");
    assert_eq!(lodash["package"]["locations"][0]["path"], "app/node_modules/lodash/package.json");
    assert_eq!(lodash["package"]["layer"], 1);
    assert_eq!(scan["layers"][1]["created_by"], "COPY . /app # buildkit");
    assert_eq!(lodash["fix"]["state"], "fixed");
    assert_eq!(lodash["fix"]["versions"][0], "4.17.12");
    assert_eq!(lodash["advisories"][0]["feed"], "osv/npm");
    assert_eq!(lodash["kev"]["added"], "2025-11-20");
    let openssl = finding(&scan, "CVE-2025-1001");
    assert_eq!(openssl["package"]["name"], "libssl3");
    assert_eq!(openssl["package"]["source"]["name"], "openssl");
    assert_eq!(openssl["package"]["layer"], 0);
    assert_eq!(finding(&scan, "CVE-2025-1002")["fix"]["state"], "not_fixed");
    assert_eq!(scan["summary"]["findings"], 4, "{}", scan["summary"]);
    assert_eq!(scan["verdict"]["exit_code"], 0, "{}", scan["verdict"]);
}

#[test]
fn sarif_has_a_rule_for_each_weakness_and_a_result_for_each_finding() {
    let machine = sample::machine();
    let log = machine.run("scan docker-archive:app.tar -o sarif").ended(0).json();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert_eq!((rules.len(), results.len()), (4, 4));
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].is_string());
    }
    assert_eq!(run["invocations"][0]["exitCode"], 0);
}

#[test]
fn one_run_writes_several_reports() {
    let machine = sample::machine();
    let scan = machine
        .run("scan docker-archive:app.tar -o table -o json=a.json -o sarif=a.sarif -o table=a.txt")
        .ended(0);
    assert!(scan.out.contains("CVE-2025-1004"));
    assert_eq!(machine.read("a.txt"), scan.out);
    assert_eq!(machine.json("a.json")["findings"].as_array().unwrap().len(), 4);
    assert_eq!(machine.json("a.sarif")["runs"][0]["results"].as_array().unwrap().len(), 4);
}

#[test]
fn severity_and_only_fixed_choose_what_is_shown() {
    let machine = sample::machine();
    let ids = |arguments: &str| {
        let scan = machine.run(&format!("scan docker-archive:app.tar -o json {arguments}"));
        let scan = scan.ended(0).json();
        let findings = scan["findings"].as_array().unwrap();
        findings.iter().map(|f| f["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(ids(""), "CVE-2025-1004 CVE-2025-1001 CVE-2025-1002 GHSA-aaaa-bbbb-cccc");
    assert_eq!(ids("--severity medium"), "CVE-2025-1002 GHSA-aaaa-bbbb-cccc");
    assert_eq!(ids("-s CRITICAL,high"), "CVE-2025-1004 CVE-2025-1001");
    assert_eq!(ids("--only-fixed"), "CVE-2025-1004 CVE-2025-1001");
    assert_eq!(ids("--only-fixed --severity medium"), "");
}

#[test]
fn a_file_that_cannot_be_written_fails_and_two_reports_never_share_a_place() {
    let machine = sample::machine();
    let outcome = |arguments: &str| {
        let ran = machine.run(&format!("scan docker-archive:app.tar {arguments}"));
        format!("{} {}", ran.code, ran.err)
    };
    insta::assert_snapshot!(outcome("-o json=no/such/folder.json"), @"3 error: cannot write `no/such/folder.json`: No such file or directory (os error 2)");
    insta::assert_snapshot!(outcome("-o json=a -o sarif=a"), @"2 error: two reports would go to `a`: give each a file of its own");
    insta::assert_snapshot!(outcome("-o json -o sarif"), @"2 error: two reports would go to stdout: give all but one a file, `-o json=FILE`");
    insta::assert_snapshot!(outcome("-o json="), @"2 error: `json=` names no file");
    assert!(!machine.path("a").exists());
}

#[test]
fn of_several_references_a_broken_one_does_not_stop_the_others() {
    let machine = sample::machine();
    let empty = Image::new().layer("FROM scratch", &[("hello", "world")]);
    machine.write("empty.tar", empty.oci_archive(Compression::None));
    let scan = machine
        .run("scan docker-archive:gone.tar docker-archive:app.tar oci-archive:empty.tar")
        .ended(3);
    assert_eq!(
        scan.err.lines().next(),
        Some("error: cannot read `gone.tar`: No such file or directory (os error 2)")
    );
    assert!(scan.out.contains("CVE-2025-1004"), "{}", scan.said());
    assert!(scan.out.contains("No packages were recognised"), "{}", scan.said());
}

#[test]
fn the_starter_set_is_used_loudly_where_there_is_no_database() {
    let machine = Machine::new();
    machine.write("app.tar", sample::image().docker_archive(Compression::None));
    let scan = machine.run("scan docker-archive:app.tar").ended(0);
    assert!(scan.err.starts_with("note: only the starter set of "), "{}", scan.err);
    assert_eq!(scan.err.lines().count(), 1, "{}", scan.err);
    assert!(scan.out.contains("CVE-2019-10744"), "{}", scan.out);
    let json = machine.run("scan docker-archive:app.tar -o json").ended(0).json();
    assert_eq!(json["data"]["starter"], true);
}

pub(super) fn finding<'s>(scan: &'s serde_json::Value, id: &str) -> &'s serde_json::Value {
    let findings = scan["findings"].as_array().unwrap();
    findings.iter().find(|finding| finding["id"] == id).unwrap_or_else(|| panic!("no {id}"))
}

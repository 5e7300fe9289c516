//! `trivy convert`, and `trivy --server`: a report that was written before, and one that a server decides.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::sample;
use crate::serving::Serving;

const IMAGE: &str = "as trivy image -q --input app.tar";

/// Weaknesses of a report: id, package, version, state, level.
fn weaknesses(report: &Value) -> BTreeSet<String> {
    let results = report["Results"].as_array().unwrap().iter();
    let all = results.filter_map(|it| it["Vulnerabilities"].as_array()).flatten();
    let fields = ["VulnerabilityID", "PkgName", "InstalledVersion", "FixedVersion", "Severity"];
    all.map(|it| fields.map(|field| it[field].as_str().unwrap_or("-")).join(" ")).collect()
}

/// Rules and levels of a report in SARIF.
fn rules(report: &Value) -> BTreeSet<String> {
    let results = report["runs"][0]["results"].as_array().unwrap().iter();
    results.map(|it| format!("{} {}", it["ruleId"], it["level"])).collect()
}

#[test]
fn a_report_is_converted_into_what_the_scan_itself_would_have_written() {
    let machine = sample::machine();
    machine.run(&format!("{IMAGE} -f json -o report.json")).ended(0);
    let report = machine.json("report.json");
    let again = machine.run("as trivy convert -f json report.json").ended(0).json();
    assert_eq!(weaknesses(&again), weaknesses(&report));
    assert_eq!(again["ArtifactName"], report["ArtifactName"]);
    let sarif = machine.run("as trivy convert --format sarif report.json").ended(0).json();
    assert_eq!(rules(&sarif), rules(&machine.run(&format!("{IMAGE} -f sarif")).ended(0).json()));
    let table = machine.run("as trivy convert report.json").ended(0).out;
    assert!(table.contains("CVE-2025-1004"), "{table}");
    let bill = machine.run("as trivy convert -f cyclonedx report.json").ended(0).json();
    assert_eq!(bill["bomFormat"], "CycloneDX");
    machine.run("as trivy convert -f spdx-json -o bill.json report.json").ended(0);
    assert!(machine.json("bill.json")["spdxVersion"].is_string());
}

#[test]
fn a_converted_report_has_the_levels_that_are_asked_for_and_ends_with_the_code() {
    let machine = sample::machine();
    machine.run(&format!("{IMAGE} -f json -o report.json")).ended(0);
    let critical = machine.run("as trivy convert -f json --severity CRITICAL report.json").ended(0);
    let levels: BTreeSet<String> = weaknesses(&critical.json());
    assert!(!levels.is_empty() && levels.iter().all(|it| it.ends_with(" CRITICAL")), "{levels:?}");
    machine.run("as trivy convert --exit-code 7 report.json").ended(7);
    machine.run("as trivy convert --exit-code 7 --severity LOW report.json").ended(0);
}

#[test]
fn misconfigurations_of_a_report_stay_in_it() {
    let machine = sample::machine();
    machine.write("src/Dockerfile", "FROM node:latest\nRUN sudo ls\n");
    machine.run("as trivy config -f json -o report.json src").ended(0);
    let checks = |report: &Value| -> Vec<String> {
        let all = report["Results"][0]["Misconfigurations"].as_array().unwrap().iter();
        all.map(|it| it["ID"].to_string()).collect()
    };
    let again = machine.run("as trivy convert -f json report.json").ended(0).json();
    assert_eq!(checks(&again), checks(&machine.json("report.json")));
    let words = "as trivy convert -f template --template @contrib/junit.tpl report.json";
    let junit = machine.run(words).ended(0).out;
    assert!(junit.contains("DL3007"), "{junit}");
    let told = machine.run("as trivy convert -f sarif report.json").ended(0);
    assert!(told.err.contains("misconfigurations stand in `-f json` alone"), "{}", told.err);
}

#[test]
fn what_is_no_report_is_refused_in_one_line() {
    let machine = sample::machine();
    machine.write("odd.json", r#"{"SchemaVersion": 1}"#);
    machine.write("text.json", "no JSON");
    for (file, said) in [
        ("odd.json", "is no report of `trivy -f json`"),
        ("text.json", "`text.json` is no JSON"),
        ("missing.json", "cannot read `missing.json`"),
    ] {
        let ran = machine.run(&format!("as trivy convert -f sarif {file}")).ended(1);
        assert!(ran.err.contains(said), "{}", ran.err);
        assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    }
}

#[test]
fn a_server_of_ours_says_what_the_program_itself_says() {
    let machine = sample::machine();
    let server = Serving::on(&machine);
    let here = machine.run(&format!("{IMAGE} -f json")).ended(0).json();
    let words = format!("{IMAGE} -f json --server {}", server.url());
    let there = machine.run(&words).ended(0).json();
    assert_eq!(weaknesses(&there), weaknesses(&here));
    assert!(!weaknesses(&there).is_empty());
    assert_eq!(there["ArtifactName"], here["ArtifactName"]);
    machine.run(&format!("{words} --exit-code 4 --severity CRITICAL")).ended(4);
    let silent = machine.run(&format!("{IMAGE} --server http://127.0.0.1:1")).ended(1);
    assert!(silent.err.contains("nothing answers at http://127.0.0.1:1"), "{}", silent.err);
}

//! SARIF as code scanning reads it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use plimsoll_model::{Rating, RatingKind, Scan, Severity};
use plimsoll_report::Style;
use serde_json::Value;

use crate::{report, sample};

fn log(scan: &Scan) -> Value {
    serde_json::from_str(&report("sarif", scan, &Style::default())).unwrap()
}

fn rule<'l>(log: &'l Value, id: &str) -> &'l Value {
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    rules.iter().find(|rule| rule["id"] == id).unwrap()
}

fn result<'l>(log: &'l Value, id: &str) -> &'l Value {
    let results = log["runs"][0]["results"].as_array().unwrap();
    results.iter().find(|result| result["ruleId"] == id).unwrap()
}

#[test]
fn one_weakness_in_one_lock_file_is_a_rule_and_a_result_at_its_line() {
    let mut scan = sample::scan();
    scan.findings.retain(|finding| finding.id == "CVE-2019-10744");
    let log = report("sarif", &scan, &Style::default());
    let version = format!("\"{}\"", env!("CARGO_PKG_VERSION"));
    insta::assert_snapshot!("lock-file", log.replace(&version, "\"VERSION\""));
}

#[test]
fn every_result_points_at_its_rule() {
    let log = log(&sample::scan());
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    let ids: BTreeSet<&str> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), rules.len());
    for result in log["runs"][0]["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(!result["locations"].as_array().unwrap().is_empty());
    }
}

#[test]
fn alerts_stay_the_same_over_updates_that_do_not_repair_them_and_other_layers() {
    let fingerprint = |scan: &Scan| {
        result(&log(scan), "CVE-2021-44228")["partialFingerprints"]["primaryLocationLineHash"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let before = sample::scan();
    let mut after = sample::scan();
    for finding in &mut after.findings {
        finding.package.version += ".1";
        for place in &mut finding.package.locations {
            place.layer = Some(0);
            place.line = Some(9);
        }
    }
    assert_eq!(fingerprint(&before), fingerprint(&after));
    after.inventory.artifact.names = vec!["registry.example.org/shop/web:1.9".into()];
    let id = |scan: &Scan| log(scan)["runs"][0]["automationDetails"]["id"].clone();
    assert_eq!(id(&before), id(&after));
    assert_eq!(id(&before), "plimsoll/registry.example.org/shop/web/linux-amd64/");
}

#[test]
fn no_two_results_share_a_fingerprint() {
    let mut scan = sample::scan();
    let twin = scan.findings[0].clone();
    scan.findings.insert(1, twin);
    let log = log(&scan);
    let results = log["runs"][0]["results"].as_array().unwrap();
    let hashes: BTreeSet<String> =
        results.iter().map(|result| result["partialFingerprints"].to_string()).collect();
    assert_eq!(hashes.len(), results.len());
}

#[test]
fn the_number_is_always_of_the_level_that_was_chosen() {
    let mut scan = sample::scan();
    scan.findings.retain(|finding| finding.id == "CVE-2021-44228");
    let score =
        |scan: &Scan| rule(&log(scan), "CVE-2021-44228")["properties"]["security-severity"].clone();
    assert_eq!(score(&scan), "10.0");
    scan.findings[0].severity = Severity::Low;
    assert_eq!(score(&scan), "2.0");
    scan.findings[0].ratings.push(Rating {
        source: "debian".into(),
        kind: RatingKind::CvssV3,
        value: String::new(),
        score: Some(3.1),
        severity: Severity::Low,
    });
    assert_eq!(score(&scan), "3.1");
    scan.findings[0].severity = Severity::Unknown;
    assert_eq!(score(&scan), Value::Null);
}

#[test]
fn suppressed_findings_say_why() {
    let log = log(&sample::scan());
    let result = result(&log, "CVE-2023-45853");
    assert_eq!(result["suppressions"][0]["justification"], "MiniZip is not built");
}

#[test]
fn a_partial_scan_is_no_success_and_says_what_is_missing() {
    let mut scan = sample::scan();
    scan.inventory.problems[0].kind = plimsoll_model::ProblemKind::Partial;
    let log = log(&scan);
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let notes = invocation["toolExecutionNotifications"].as_array().unwrap();
    assert_eq!(notes[0]["level"], "error");
    assert_eq!(
        notes[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        "var/lib/dpkg/status"
    );
    assert_eq!(
        notes[1]["message"]["text"],
        "undecided: left-pad banana GHSA-aaaa-bbbb-cccc: `banana` is no version of npm"
    );
}

#[test]
fn the_official_schema_takes_it() {
    let Some(path) = std::env::var_os("PLIMSOLL_SARIF_SCHEMA").map(PathBuf::from) else {
        println!("skipped: PLIMSOLL_SARIF_SCHEMA names no sarif-schema-2.1.0.json");
        return;
    };
    let schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for scan in [sample::scan(), Scan::default(), crate::hostile::scan()] {
        let log = log(&scan);
        let complaints: Vec<String> =
            validator.iter_errors(&log).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert_eq!(complaints, Vec::<String>::new());
    }
}

//! Trivy on the images and the folder, by the same advisories: `trivy_db/main.go` puts them into a database of its
//! layout.

use std::fmt::Write as _;
use std::process::Command;

use serde_json::{Value, json};

use super::differences::{Comparison, Differences};
use super::{inputs, text, theirs};
use crate::machine::Machine;
use crate::peers::{fed, peer};

const PAGE: &str = "from-trivy.md";

/// Bucket, id and name of the source of an ecosystem's advisories.
fn source(ecosystem: &str) -> (String, &'static str, String) {
    match ecosystem {
        "Debian:12" => ("debian 12".into(), "debian", "Debian Security Tracker".into()),
        "Alpine:v3.20" => ("alpine 3.20".into(), "alpine", "Alpine Secdb".into()),
        language => {
            let kind = match language {
                "PyPI" => "pip",
                "Packagist" => "Composer",
                "crates.io" => "Rust",
                other => other,
            };
            let name = format!("GitHub Security Advisory {kind}");
            let bucket = match kind {
                "Rust" => "cargo".to_owned(),
                kind => kind.to_lowercase(),
            };
            (format!("{bucket}::{name}"), "ghsa", name)
        }
    }
}

/// The lines of an advisory, and what is told of its weakness.
fn lines(record: &Value, out: &mut String) {
    let affected = &record["affected"][0];
    let (bucket, id, name) = source(affected["package"]["ecosystem"].as_str().unwrap());
    let own = text(&record["id"]);
    let own = own.trim_start_matches("DEBIAN-").trim_start_matches("ALPINE-");
    // It goes by the CVE, where there is one.
    let known = record["aliases"][0].as_str().unwrap_or(own);
    let fixed = affected["ranges"][0]["events"][1]["fixed"].as_str();
    let body = match (id, fixed) {
        ("ghsa", Some(fixed)) => json!({
            "PatchedVersions": [fixed], "VulnerableVersions": [format!("<{fixed}")],
            "VendorIDs": [own],
        }),
        (_, Some(fixed)) => json!({ "FixedVersion": fixed }),
        (_, None) => json!({ "Status": 2 }),
    };
    let vector = record["severity"][0]["score"].as_str().unwrap();
    let (score, number, word) = match vector {
        crate::feeds::CRITICAL => (9.8, 4, "CRITICAL"),
        crate::feeds::HIGH => (7.5, 3, "HIGH"),
        _ => (5.3, 2, "MEDIUM"),
    };
    let details = json!({
        "Title": record["summary"], "Description": record["details"], "Severity": word,
        "CVSS": {id: {"V3Score": score, "V3Vector": vector}}, "VendorSeverity": {id: number},
        "References": [record["references"][0]["url"]],
        "PublishedDate": record["published"], "LastModifiedDate": record["modified"],
    });
    let package = match affected["package"]["ecosystem"].as_str() {
        Some("NuGet") => text(&affected["package"]["name"]).to_lowercase(),
        _ => text(&affected["package"]["name"]),
    };
    let query = "https://github.com/advisories?query=type%3Areviewed+ecosystem%3A";
    let url = match id {
        "debian" => "https://salsa.debian.org/security-tracker-team/security-tracker".to_owned(),
        "alpine" => "https://secdb.alpinelinux.org/".to_owned(),
        _ => format!("{query}{}", name.rsplit(' ').next().unwrap().to_lowercase()),
    };
    for line in [
        json!([["data-source", bucket], {"ID": id, "Name": name, "URL": url}]),
        json!([[bucket, package, known], body]),
        json!([["vulnerability", known], details]),
    ] {
        writeln!(out, "{line}").unwrap();
    }
}

/// The tables of its names of Java archives, as of trivy-java-db 1.
const JARS: &str =
    "CREATE TABLE artifacts (id INTEGER PRIMARY KEY, group_id TEXT, artifact_id TEXT);
CREATE TABLE indices (artifact_id INTEGER, version TEXT, sha1 BLOB, archive_type TEXT);";

/// Puts the advisories into Trivy's cache; false where what writes it is not there.
fn database(machine: &Machine, records: &[Value]) -> bool {
    let Some(program) = peer("trivy-db") else { return false };
    let mut text = String::new();
    for record in records {
        lines(record, &mut text);
    }
    let dates = json!({
        "Version": 2, "NextUpdate": "2099-01-01T00:00:00Z", "UpdatedAt": "2025-12-31T00:00:00Z",
        "DownloadedAt": "2025-12-31T00:00:00Z",
    });
    machine.write("cache-of-trivy/db/metadata.json", dates.to_string());
    fed(Command::new(program).arg(machine.path("cache-of-trivy/db/trivy.db")), &text);
    // Names of archives by their hashes: those here say their names themselves.
    let mut names = dates;
    names["Version"] = json!(1);
    machine.write("cache-of-trivy/java-db/metadata.json", names.to_string());
    let Some(sqlite) = peer("sqlite3") else { return false };
    fed(Command::new(sqlite).arg(machine.path("cache-of-trivy/java-db/trivy-java.db")), JARS);
    true
}

fn package(it: &Value) -> String {
    format!("{} {} {}", text(&it["Name"]), text(&it["Version"]), text(&it["FilePath"]))
}

fn weakness(it: &Value) -> String {
    format!("{} {} {}", text(&it["VulnerabilityID"]), text(&it["PkgName"]), text(&it["PkgPath"]))
}

const COMPARISON: Comparison = Comparison {
    known_by: &[
        ("Results", |it| text(&it["Target"])),
        ("Results[].Packages", package),
        ("Results[].Vulnerabilities", weakness),
    ],
    kinds: &[("Results", |it| text(&it["Type"]))],
    left_out: &["CreatedAt", "ReportID"],
    told: &[
        "ArtifactType",
        "Results[].Class",
        "Results[].Type",
        "Results[].Vulnerabilities[].Status",
        "Results[].Vulnerabilities[].Severity",
        "Results[].Vulnerabilities[].SeveritySource",
    ],
};

const VARIABLES: [(&str, &str); 4] = [
    ("TRIVY_CACHE_DIR", "cache-of-trivy"),
    ("TRIVY_DISABLE_TELEMETRY", "true"),
    ("TRIVY_SKIP_VERSION_CHECK", "true"),
    ("TRIVY_OFFLINE_SCAN", "true"),
];

/// What is only said to the real one: nothing is fetched.
const OFFLINE: &str = "--skip-db-update --skip-java-db-update --skip-check-update --scanners vuln";

#[test]
fn trivys_json_is_ours_by_the_same_advisories() {
    let Some(trivy) = peer("trivy") else { return };
    let machine = inputs::machine();
    let records = inputs::advisories(&machine);
    if !database(&machine, &records) {
        return;
    }
    let mut differences = Differences::default();
    for words in [
        "image -q -f json --list-all-pkgs --input debian.tar",
        "image -q -f json --list-all-pkgs --input alpine.tar",
        "fs -q -f json --list-all-pkgs shop",
    ] {
        let real = theirs(&trivy, &machine, &VARIABLES, &format!("{words} {OFFLINE}")).ended(0);
        let ours = machine.run(&format!("as trivy {words}")).ended(0).json();
        differences.compare(&COMPARISON, words, &real.json(), &ours);
    }
    differences.are_those_of(PAGE, "## Its JSON, field by field", true);
}

#[test]
fn trivy_itself_ends_with_the_same_codes() {
    let Some(trivy) = peer("trivy") else { return };
    let machine = inputs::machine();
    let records = inputs::advisories(&machine);
    if !database(&machine, &records) {
        return;
    }
    for words in [
        "image -q --input debian.tar",
        "image -q --exit-code 7 --input debian.tar",
        "image -q --exit-code 7 --severity LOW --input debian.tar",
        "image -q --exit-code 7 --severity MEDIUM --ignore-unfixed --input debian.tar",
        "fs -q --exit-code 1 --severity CRITICAL shop",
        "image -q --input missing.tar",
        "image -q --severity WORST --input debian.tar",
        "image -q --format nosuch --input debian.tar",
        "image",
    ] {
        let real = theirs(&trivy, &machine, &VARIABLES, &format!("{words} {OFFLINE}"));
        let ours = machine.run(&format!("as trivy {words}"));
        assert_eq!(ours.code, real.code, "{words}: {}{}", real.said(), ours.said());
    }
}

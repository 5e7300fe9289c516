//! The same input as the real tools': reports of Trivy's own tests, and Syft where it is there. What
//! differs is listed here, and nothing else may.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use plimsoll_advisory::database::{Enrichment, compile_to_bytes};
use plimsoll_testkit::shared;
use serde_json::Value;

use crate::machine::Machine;
use crate::peers::peer;
use crate::{sample, trivy_advisories};

/// Inputs of Trivy's that no cataloguer here reads.
const UNREAD: [(&str, &str); 6] = [
    ("repo/composer-vendor", "a list of installed packages outside of its folder"),
    ("repo/sbt", "lock files of sbt"),
    ("repo/conda", "conda environments"),
    ("repo/conda-environment", "conda environments"),
    ("repo/packagesprops", "central package versions of NuGet"),
    ("repo/trivy-ci-test", "its own settings"),
];

/// Fields that Trivy has and ours has not: what they hold is its own.
const OWN_FIELDS: [&str; 6] =
    ["Fingerprint", "CweIDs", "Layer", "AnalyzedBy", "Relationship", "Indirect"];

/// Weaknesses by target: id, package, versions, state, package URL.
fn weaknesses(document: &Value) -> BTreeSet<String> {
    let mut rows = BTreeSet::new();
    for result in document["Results"].as_array().into_iter().flatten() {
        for one in result["Vulnerabilities"].as_array().into_iter().flatten() {
            let text = |name: &str| one[name].as_str().unwrap_or("-");
            rows.insert(format!(
                "{} {} {}: {} {} {} -> {} {} {}",
                result["Target"].as_str().unwrap(),
                result["Class"].as_str().unwrap(),
                result["Type"].as_str().unwrap(),
                text("VulnerabilityID"),
                text("PkgName"),
                text("InstalledVersion"),
                text("FixedVersion"),
                text("Status"),
                one["PkgIdentifier"]["PURL"].as_str().unwrap_or("-"),
            ));
        }
    }
    rows
}

/// Names of the fields that weaknesses have.
fn fields(document: &Value) -> BTreeSet<String> {
    let results = document["Results"].as_array().into_iter().flatten();
    let all = results.flat_map(|it| it["Vulnerabilities"].as_array().into_iter().flatten());
    all.flat_map(|it| it.as_object().unwrap().keys().cloned()).collect()
}

fn packages(document: &Value) -> BTreeSet<String> {
    let results = document["Results"].as_array().into_iter().flatten();
    results
        .flat_map(|result| {
            let target = result["Target"].as_str().unwrap();
            let all = result["Packages"].as_array().into_iter().flatten();
            all.map(move |it| {
                format!("{target}: {}", it["Identifier"]["PURL"].as_str().unwrap_or("-"))
            })
        })
        .collect()
}

#[test]
fn trivys_own_reports_of_repositories_are_ours() {
    let Some(folder) = shared("data/matching/trivy") else { return };
    let mut files: Vec<_> =
        fs::read_dir(folder.join("db")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut records = trivy_advisories::read(&files);
    records.retain(|record| !record.affected.is_empty());
    let machine = Machine::new();
    let database = compile_to_bytes(records.into_iter(), &Enrichment::default()).unwrap();
    machine.write("cache/db/advisories.db", database);
    let text = fs::read_to_string(folder.join("cases.jsonl")).unwrap();
    let cases = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let (mut passed, mut wrong) = (BTreeSet::new(), Vec::new());
    for case in cases.filter(|case| case["golden"].is_string()) {
        let input = case["input"].as_str().unwrap();
        let options = &case["options"];
        let is_left = UNREAD.iter().any(|(known, _)| *known == input);
        let is_repository = input.starts_with("repo/") && folder.join(input).is_dir();
        if is_left || !is_repository || options.get("vex").is_some() {
            continue;
        }
        let golden = fs::read(folder.join(case["golden"].as_str().unwrap())).unwrap();
        let golden: Value = serde_json::from_slice(&golden).unwrap();
        let skipped = |name: &str, flag: &str| {
            let all = options[name].as_array().into_iter().flatten();
            let inner = |it: &Value| {
                let path = it.as_str().unwrap();
                let path = path.strip_prefix(input).unwrap_or(path).trim_start_matches('/');
                format!(" {flag} {path}")
            };
            all.map(inner).collect::<String>()
        };
        let mut words = format!("as trivy repo -q -f json {}", folder.join(input).display());
        words.push_str(&skipped("skipFiles", "--skip-files"));
        words.push_str(&skipped("skipDirs", "--skip-dirs"));
        if options.get("includeDevDeps").is_some() {
            words.push_str(" --include-dev-deps");
        }
        let ours = machine.run(&words).ended(0).json();
        let mut differences = Vec::new();
        for (what, ours, theirs) in [
            ("weakness", weaknesses(&ours), weaknesses(&golden)),
            ("package", packages(&ours), packages(&golden)),
        ] {
            if what == "package" && options.get("listAllPkgs").is_none() {
                continue;
            }
            differences.extend(theirs.difference(&ours).map(|it| format!("- {what} {it}")));
            differences.extend(ours.difference(&theirs).map(|it| format!("+ {what} {it}")));
        }
        let known: BTreeSet<String> = OWN_FIELDS.iter().map(|it| (*it).to_owned()).collect();
        let missing = &(&fields(&golden) - &fields(&ours)) - &known;
        // The test database has no texts and ratings in the form that ours takes.
        let of_texts =
            ["Title", "Description", "References", "CVSS", "VendorSeverity", "SeveritySource"];
        let of_dates = ["PublishedDate", "LastModifiedDate", "PrimaryURL"];
        differences.extend(
            missing
                .into_iter()
                .filter(|it| !of_texts.iter().chain(&of_dates).any(|known| known == it))
                .map(|it| format!("- field {it}")),
        );
        if differences.is_empty() {
            passed.insert(input.to_owned());
        } else {
            wrong.push(format!("{input}\n  {}", differences.join("\n  ")));
        }
    }
    println!("the same as Trivy's: {passed:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(passed.len() >= 15, "{passed:?}");
}

/// Type, name, version and package URL without what tells a build.
fn artifacts(document: &Value) -> BTreeSet<String> {
    document["artifacts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            let text = |name: &str| it[name].as_str().unwrap();
            let purl = text("purl").split('?').next().unwrap();
            format!(
                "{} {} {} {} {purl}",
                text("type"),
                text("language"),
                text("name"),
                text("version")
            )
        })
        .collect()
}

#[test]
fn syft_itself_lists_the_same_artifacts() {
    let Some(syft) = peer("syft") else { return };
    let machine = sample::machine();
    let theirs = |source: &str| -> Value {
        let output = Command::new(&syft)
            .current_dir(machine.path("."))
            .env("HOME", machine.path("."))
            .env("SYFT_CHECK_FOR_APP_UPDATE", "false")
            .args(["scan", "-q", "-o", "json", source])
            .output()
            .unwrap();
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
    };
    let mut sources = vec!["docker-archive:app.tar".to_owned()];
    if let Some(roots) = shared("data/roots") {
        for root in ["alpine-3.20.3", "alpine-3.12.12"] {
            sources.push(format!("dir:{}", roots.join(root).display()));
        }
    }
    for source in sources {
        let (ours, theirs) =
            (machine.run(&format!("as syft -q -o json {source}")).ended(0).json(), theirs(&source));
        let (own, real) = (artifacts(&ours), artifacts(&theirs));
        let missing: Vec<_> = real.difference(&own).collect();
        assert!(missing.is_empty(), "{source}: ours has not {missing:#?}, but {own:#?}");
        for name in ["id", "versionID"] {
            assert_eq!(ours["distro"][name], theirs["distro"][name], "{source}");
        }
        assert_eq!(ours["source"]["type"], theirs["source"]["type"], "{source}");
        assert_eq!(ours["schema"], theirs["schema"], "{source}");
    }
}

#[test]
fn hadolint_itself_prints_the_same_json() {
    let Some(hadolint) = peer("hadolint") else { return };
    let machine = Machine::new();
    machine.write(
        "Dockerfile",
        "FROM debian:latest\nRUN sudo apt-get install curl\nRUN cd /tmp && ls\n",
    );
    for words in
        ["-f json", "-f json -t error", "-f json --ignore DL3008", "--no-color", "-f codeclimate"]
    {
        let output = Command::new(&hadolint)
            .current_dir(machine.path("."))
            .args(words.split_whitespace())
            .arg("Dockerfile")
            .output()
            .unwrap();
        let ran = machine.run(&format!("as hadolint {words} Dockerfile"));
        assert_eq!(Some(ran.code), output.status.code(), "{words}");
        let theirs = String::from_utf8(output.stdout).unwrap();
        if words.contains("json") {
            let rows = |text: &str| -> BTreeSet<String> {
                let all: Value = serde_json::from_str(text).unwrap();
                let one = |it: &Value| {
                    format!(
                        "{} {} {} {} {}",
                        it["file"], it["line"], it["column"], it["code"], it["level"]
                    )
                };
                all.as_array().unwrap().iter().map(one).collect()
            };
            assert_eq!(rows(&ran.out), rows(&theirs), "{words}");
        }
        assert!(!theirs.is_empty(), "{words}");
    }
}

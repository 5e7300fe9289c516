//! Whole folders of lock files and manifests, with the findings that belong to them.

use std::collections::BTreeSet;
use std::path::Path;

use plimsoll_advisory::database::Database;
use plimsoll_advisory::matching::{Declared, match_inventory};
use plimsoll_image::Options;
use plimsoll_model::{Reference, Scope};
use serde::Deserialize;

use crate::{corpus, trivy_advisories};

#[derive(Deserialize)]
struct Case {
    id: String,
    input: String,
    input_present: bool,
    #[serde(default)]
    options: serde_json::Map<String, serde_json::Value>,
    findings: Option<Vec<CaseFinding>>,
}

#[derive(Deserialize)]
struct CaseFinding {
    package: String,
    installed: String,
    vulnerability: String,
    #[serde(default)]
    fixed: String,
}

/// Kinds of files that no cataloguer reads, and options of that scanner which are none here.
const LEFT: [(&str, &str); 8] = [
    ("repo/composer-vendor", "a list of installed packages outside of its folder"),
    ("repo/sbt", "lock files of sbt"),
    ("repo/conda", "conda"),
    ("repo/conda-environment", "conda"),
    ("repo/packagesprops", "central package versions of NuGet"),
    ("repo/trivy-ci-test", "its own settings"),
    ("skipFiles", "option"),
    ("skipDirs", "option"),
];

#[test]
fn folders_of_lock_files_give_their_findings_and_no_other() {
    let Some(folder) = corpus("trivy") else { return };
    let mut files: Vec<_> =
        std::fs::read_dir(folder.join("db")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut records = trivy_advisories::read(&files);
    records.retain(|record| !record.affected.is_empty());
    let database = trivy_advisories::compiled(records);
    let text = std::fs::read_to_string(folder.join("cases.jsonl")).unwrap();
    let (mut passed, mut left, mut failures) = (0, BTreeSet::new(), Vec::new());
    for case in text.lines().filter_map(|line| serde_json::from_str::<Case>(line).ok()) {
        let Some(expected) = &case.findings else { continue };
        let is_left = |word: &str| LEFT.iter().any(|(known, _)| *known == word);
        let path = folder.join(&case.input);
        if !case.input_present
            || !path.is_dir()
            || is_left(&case.input)
            || case.options.contains_key("vex")
            || case.options.keys().any(|option| is_left(option))
        {
            left.insert(case.id.clone());
            continue;
        }
        let development = case.options.contains_key("includeDevDeps");
        let expected: BTreeSet<_> = expected
            .iter()
            .map(|f| {
                (
                    f.package.clone(),
                    f.installed.clone(),
                    f.vulnerability.clone(),
                    !f.fixed.is_empty(),
                )
            })
            .collect();
        let found = found(&path, &database, development);
        if found == expected {
            passed += 1;
        } else {
            failures.push(format!("{}\n  expected {expected:?}\n  found    {found:?}", case.id));
        }
    }
    println!("{passed} cases passed; skipped: {left:?}");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn found(
    path: &Path,
    database: &Database,
    development: bool,
) -> BTreeSet<(String, String, String, bool)> {
    let reference: Reference = format!("dir:{}", path.display()).parse().unwrap();
    let mut inventory = plimsoll_image::read(&reference, &Options::default()).unwrap();
    if !development {
        inventory.packages.retain(|package| package.scope != Scope::Development);
    }
    let matches = match_inventory(&inventory, database, Declared::Counts).unwrap();
    matches
        .findings
        .iter()
        .map(|f| {
            let fixed = f.fix.nearest().is_some();
            (f.package.name.clone(), f.package.version.clone(), f.id.clone(), fixed)
        })
        .collect()
}

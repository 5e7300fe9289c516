//! The order of versions against the cases of the reference tools.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::cmp::Ordering;
use std::fs;
use std::path::PathBuf;

use plimsoll_advisory::versions::{Prereleases, Scheme, compare_nevra};
use serde_json::Value;

/// The folder of cases, or `None` with a line that says so.
fn corpus() -> Option<PathBuf> {
    let shared = std::env::var_os("PLIMSOLL_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let folder = shared.join("data/versions");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: `{}` is not there", folder.display());
    None
}

/// Each file of a folder: the scheme that its name says and its rows.
fn rows(kind: &str) -> Vec<(String, Vec<Value>)> {
    let Some(folder) = corpus() else { return Vec::new() };
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder.join(kind)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
        .iter()
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let text = fs::read_to_string(path).unwrap();
            (name, text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
        })
        .collect()
}

fn scheme(name: &str) -> Scheme {
    match name {
        "apk" => Scheme::Apk,
        "bitnami" => Scheme::Bitnami,
        "cran" => Scheme::Cran,
        "dpkg" => Scheme::Dpkg,
        "gem" => Scheme::Gem,
        "go" => Scheme::Go,
        "hackage" => Scheme::Hackage,
        "maven" => Scheme::Maven,
        "npm" | "semver-loose" => Scheme::Npm,
        "nuget" => Scheme::Nuget,
        "packagist" => Scheme::Packagist,
        "pep440" => Scheme::Pep440,
        "portage" => Scheme::Portage,
        "pub" => Scheme::Pub,
        "rpm" => Scheme::Rpm,
        "semver" => Scheme::Semver,
        "semver-lenient" => Scheme::SemverLenient,
        other => panic!("no scheme `{other}`"),
    }
}

fn compare(name: &str, a: &str, b: &str) -> Result<Ordering, String> {
    match name {
        "rpm-nevra" => Ok(compare_nevra(a, b)),
        _ => scheme(name).compare(a, b).map_err(|error| error.to_string()),
    }
}

fn report(kind: &str, passed: usize, failures: &[String]) {
    println!("{kind}: {passed} passed, {} failed", failures.len());
    let shown: Vec<&String> = failures.iter().take(60).collect();
    assert!(failures.is_empty(), "{shown:#?}");
}

#[test]
fn every_pair_compares_as_the_reference_tool_does_in_both_directions() {
    let (mut passed, mut failures) = (0, Vec::new());
    for (name, rows) in rows("compare") {
        for row in rows {
            let (a, b) = (row["a"].as_str().unwrap(), row["b"].as_str().unwrap());
            let expected = match row["op"].as_str().unwrap() {
                "<" => Ordering::Less,
                ">" => Ordering::Greater,
                _ => Ordering::Equal,
            };
            let there = compare(&name, a, b);
            let back = compare(&name, b, a);
            let same = [compare(&name, a, a), compare(&name, b, b)];
            if there == Ok(expected)
                && back == Ok(expected.reverse())
                && same.iter().all(|order| *order == Ok(Ordering::Equal))
            {
                passed += 1;
            } else {
                failures.push(format!("{name}: {a} {} {b}: {there:?}, {back:?}", row["op"]));
            }
        }
    }
    report("compare", passed, &failures);
}

#[test]
fn every_constraint_holds_where_the_reference_tool_says_so() {
    let (mut passed, mut failures) = (0, Vec::new());
    for (name, rows) in rows("range") {
        for row in rows {
            let version = row["version"].as_str().unwrap();
            let constraint = row["constraint"].as_str().unwrap();
            let prereleases = match row["include_prerelease"].as_bool() {
                Some(true) => Prereleases::All,
                _ => Prereleases::WhereNamed,
            };
            let inside = scheme(&name).satisfies_with(version, constraint, prereleases);
            // The reference tools say «no» to what they cannot read; here that is an error.
            if inside.clone().unwrap_or(false) == row["inside"].as_bool().unwrap() {
                passed += 1;
            } else {
                failures.push(format!("{name}: {version} in {constraint:?}: {inside:?} {row}"));
            }
        }
    }
    report("range", passed, &failures);
}

#[test]
fn every_version_is_valid_where_the_reference_tool_says_so() {
    let (mut passed, mut failures) = (0, Vec::new());
    for (name, rows) in rows("valid") {
        for row in rows {
            let version = row["version"].as_str().unwrap();
            if scheme(&name).is_valid(version) == row["valid"].as_bool().unwrap() {
                passed += 1;
            } else {
                failures.push(format!("{name}: {version:?} valid: {}", row["valid"]));
            }
        }
    }
    report("valid", passed, &failures);
}

#[test]
fn no_scheme_panics_on_any_version_of_any_other() {
    let mut all: Vec<String> = Vec::new();
    for kind in ["compare", "range", "valid"] {
        for (_, rows) in rows(kind) {
            for row in rows.iter().step_by(17) {
                for key in ["a", "b", "version", "constraint"] {
                    all.extend(row[key].as_str().map(str::to_owned));
                }
            }
        }
    }
    for scheme in Scheme::ALL {
        for pair in all.windows(2) {
            let _ = scheme.compare(&pair[0], &pair[1]);
            let _ = scheme.satisfies(&pair[0], &pair[1]);
            let _ = scheme.is_valid(&pair[0]);
        }
    }
}

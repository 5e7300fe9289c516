//! Every row of the corpora of versions: orders, ranges, validity; and every input of every
//! corpus given to every scheme.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::cmp::Ordering;
use std::fs;
use std::path::PathBuf;

use plimsoll_advisory::versions::{Prereleases, Scheme, compare_nevra};
use serde_json::Value;

/// The rows of `KIND/*.jsonl` with the file's stem, or nothing where the corpora are absent.
fn rows(kind: &str) -> Vec<(String, Value)> {
    let root = std::env::var_os("PLIMSOLL_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let folder = root.join("data/versions").join(kind);
    let Ok(files) = fs::read_dir(&folder) else {
        println!("skipped: no {}", folder.display());
        return Vec::new();
    };
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    let mut rows = Vec::new();
    for file in files {
        let stem = file.file_stem().unwrap().to_str().unwrap().to_owned();
        for line in fs::read_to_string(&file).unwrap().lines() {
            rows.push((stem.clone(), serde_json::from_str(line).unwrap()));
        }
    }
    rows
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
        _ => panic!("no scheme for {name}"),
    }
}

fn text<'r>(row: &'r Value, field: &str) -> &'r str {
    row[field].as_str().unwrap()
}

fn report(kind: &str, count: usize, wrong: &[String]) {
    println!("{kind}: {count} rows");
    assert!(wrong.is_empty(), "{} of {count} rows:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_pair_has_the_order_of_its_reference_in_both_directions() {
    let rows = rows("compare");
    let mut wrong = Vec::new();
    for (name, row) in &rows {
        let (a, b) = (text(row, "a"), text(row, "b"));
        let compare = |a: &str, b: &str| match name.as_str() {
            "rpm-nevra" => Some(compare_nevra(a, b)),
            name => scheme(name).compare(a, b).ok(),
        };
        let expected = match text(row, "op") {
            "<" => Ordering::Less,
            ">" => Ordering::Greater,
            _ => Ordering::Equal,
        };
        let found = (compare(a, b), compare(b, a));
        if found != (Some(expected), Some(expected.reverse())) {
            wrong.push(format!("{name}: {a} {} {b}, but {found:?}", text(row, "op")));
        }
        for version in [a, b] {
            if compare(version, version) != Some(Ordering::Equal) {
                wrong.push(format!("{name}: {version} is not equal to itself"));
            }
        }
    }
    report("compare", rows.len(), &wrong);
}

#[test]
fn every_constraint_holds_for_just_the_versions_it_should() {
    let rows = rows("range");
    let mut wrong = Vec::new();
    for (name, row) in &rows {
        let (constraint, version) = (text(row, "constraint"), text(row, "version"));
        let prereleases = match row["include_prerelease"].as_bool() {
            Some(true) => Prereleases::All,
            _ => Prereleases::WhereNamed,
        };
        let found = scheme(name).satisfies_with(version, constraint, prereleases);
        // For npm what is no version is in no range; here that is an error.
        let no_version = name == "npm" && matches!(version, "not a version" | "glorp");
        let expected = row["inside"].as_bool().unwrap();
        if found.clone().ok() != (!no_version).then_some(expected) {
            wrong.push(format!("{name}: {version} in {constraint:?} is {expected}, but {found:?}"));
        }
    }
    report("range", rows.len(), &wrong);
}

#[test]
fn every_version_is_valid_where_its_tool_takes_it() {
    let rows = rows("valid");
    let mut wrong = Vec::new();
    for (name, row) in &rows {
        let expected = row["valid"].as_bool().unwrap();
        if scheme(name).is_valid(text(row, "version")) != expected {
            wrong.push(format!("{name}: {:?} is {expected}", text(row, "version")));
        }
    }
    report("valid", rows.len(), &wrong);
}

#[test]
fn no_input_of_any_corpus_panics_any_scheme() {
    let mut inputs: Vec<String> = Vec::new();
    for kind in ["compare", "range", "valid"] {
        for (_, row) in rows(kind) {
            let fields = ["a", "b", "constraint", "version"];
            inputs.extend(fields.iter().filter_map(|&field| Some(row[field].as_str()?.to_owned())));
        }
    }
    inputs.sort();
    inputs.dedup();
    for pair in inputs.windows(2) {
        for &scheme in Scheme::ALL {
            let order = scheme.compare(&pair[0], &pair[1]).ok();
            let back = scheme.compare(&pair[1], &pair[0]).ok();
            assert_eq!(order.map(Ordering::reverse), back, "{scheme:?} {pair:?}");
            let _ = scheme.satisfies(&pair[0], &pair[1]);
            let _ = scheme.is_valid(&pair[0]);
        }
    }
}

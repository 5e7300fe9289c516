//! The workspace judged by its own rules: file lengths, registries, arrows between crates.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Files that git tracks or would, with this end.
fn files(end: &str) -> Vec<PathBuf> {
    let mut open = vec![root()];
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && name != "node_modules" && !name.starts_with('.')
            {
                open.push(path);
            } else if path.is_file() && name.ends_with(end) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn no_source_file_is_longer_than_800_lines() {
    let long: Vec<String> = files(".rs")
        .iter()
        .map(|path| (path, fs::read_to_string(path).unwrap().lines().count()))
        .filter(|(_, lines)| *lines > 800)
        .map(|(path, lines)| format!("{} has {lines}", path.display()))
        .collect();
    assert!(long.is_empty(), "split by idea:\n{}", long.join("\n"));
}

#[test]
fn every_source_file_begins_by_saying_what_it_is() {
    let silent: Vec<String> = files(".rs")
        .into_iter()
        .filter(|path| !fs::read_to_string(path).unwrap().starts_with("//!"))
        .map(|path| path.display().to_string())
        .collect();
    assert!(silent.is_empty(), "begin with `//!`:\n{}", silent.join("\n"));
}

#[test]
fn no_file_has_a_name_that_says_nothing() {
    let nameless = ["utils.rs", "util.rs", "helpers.rs", "helper.rs", "common.rs", "misc.rs"];
    let found: Vec<PathBuf> = files(".rs")
        .into_iter()
        .filter(|path| nameless.contains(&&*path.file_name().unwrap().to_string_lossy()))
        .collect();
    assert!(found.is_empty(), "name by subject: {found:?}");
}

/// A folder of plug-ins, the file that lists them, and the files in it that are none.
const REGISTRIES: &[(&str, &str, &[&str])] = &[
    (
        "crates/image/src/cataloguers",
        "crates/image/src/cataloguers/mod.rs",
        &["dependency_folder", "program_release", "program_rules"],
    ),
    (
        "crates/image/src/checkpoints",
        "crates/image/src/checkpoints/mod.rs",
        // What all checkpoints look at, and how a history is read.
        &["facts", "words"],
    ),
    ("crates/supply/src/document", "crates/supply/src/document/mod.rs", &["part"]),
    (
        "crates/advisory/src/feeds",
        "crates/advisory/src/feeds/mod.rs",
        // What all feeds are read with, and the set that is built in.
        &["archive", "download", "error", "intake", "mirror", "rating", "starter"],
    ),
    ("crates/report/src/formats", "crates/report/src/formats/mod.rs", &[]),
    ("crates/supply/src/formats", "crates/supply/src/formats/mod.rs", &[]),
    (
        "crates/report/src/lint",
        "crates/report/src/lint/mod.rs",
        // What all formats see, and the kinds of files that give it.
        &["judged", "dockerfile", "manifest"],
    ),
    ("crates/report/src/reach", "crates/report/src/reach/mod.rs", &[]),
    ("crates/report/src/gate", "crates/report/src/gate/mod.rs", &["snapshots", "tests"]),
    ("crates/report/src/update", "crates/report/src/update/mod.rs", &["snapshots", "tests"]),
    ("crates/cli/src/commands/gate/judges", "crates/cli/src/commands/gate/judges/mod.rs", &[]),
    ("crates/cli/src/commands/init/ci", "crates/cli/src/commands/init/ci/mod.rs", &[]),
    ("crates/cli/src/commands/update/places", "crates/cli/src/commands/update/places/mod.rs", &[]),
    ("crates/report/src/cis", "crates/report/src/cis/mod.rs", &[]),
    (
        "crates/report/src/resources",
        "crates/report/src/resources/mod.rs",
        // What kinds share, and what is told of all of them.
        &["checks", "definition", "image", "metrics", "object", "tests"],
    ),
    (
        "crates/kube/src/cis",
        "crates/kube/src/cis/mod.rs",
        // What chapters judge by.
        &["facts", "judge", "program", "tests"],
    ),
    (
        "crates/runtime/src/lints",
        "crates/runtime/src/lints/mod.rs",
        // What several of them judge by.
        &["constraint"],
    ),
    ("crates/runtime/src/profile/documents", "crates/runtime/src/profile/documents/mod.rs", &[]),
    ("crates/response/src/actions", "crates/response/src/actions/mod.rs", &[]),
    ("crates/lsp/src/documents", "crates/lsp/src/documents/mod.rs", &[]),
];

#[test]
fn every_plug_in_stands_in_its_registry() {
    for (folder, registry, others) in REGISTRIES {
        let text = fs::read_to_string(root().join(registry)).unwrap();
        let list = text.split_once("ALL").unwrap_or_else(|| panic!("{registry} has no ALL")).1;
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            if name == "mod" || others.contains(&name.as_str()) {
                continue;
            }
            assert!(
                list.contains(&format!("{name}::")),
                "{folder}/{name} is not in the list of {registry}"
            );
        }
    }
}

/// Which rank a crate has: it may know crates of lower ranks only.
///
/// Commands stand above all; reports and gates see findings but no image and no feed.
const RANKS: &[(&str, u8)] = &[
    ("plimsoll-model", 0),
    ("plimsoll-image", 1),
    ("plimsoll-advisory", 1),
    ("plimsoll-build", 1),
    ("plimsoll-kube", 1),
    ("plimsoll-runtime", 1),
    ("plimsoll-supply", 1),
    ("plimsoll-admission", 2),
    ("plimsoll-outputs", 2),
    ("plimsoll-response", 2),
    ("plimsoll-sensor", 2),
    ("plimsoll-witness", 2),
    ("plimsoll-policy", 2),
    ("plimsoll-report", 2),
    ("plimsoll-lsp", 2),
    ("plimsoll-server", 3),
    ("plimsoll-cli", 4),
    ("plimsoll-testkit", 9),
];

#[test]
fn no_arrow_between_crates_goes_back() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let rank = |name: &str| RANKS.iter().find(|(known, _)| *known == name).map(|(_, rank)| *rank);
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        let own = rank(name).unwrap_or_else(|| panic!("{name} has no rank"));
        for dependency in package["dependencies"].as_array().unwrap() {
            let other = dependency["name"].as_str().unwrap();
            let Some(other_rank) = rank(other).filter(|_| dependency["kind"].is_null()) else {
                continue;
            };
            assert!(other_rank < own, "{name} must not know {other}");
        }
    }
}

#[test]
fn unsafe_code_is_only_where_a_file_is_mapped_and_in_the_sensor() {
    // The program of the demo is scanned and not shipped.
    let allowed =
        ["crates/advisory/src/lib.rs", "crates/sensor/src/lib.rs", "demo/rust/src/main.rs"];
    for path in files("lib.rs").into_iter().chain(files("main.rs")) {
        let shown = path.strip_prefix(root()).unwrap().display().to_string();
        let is_crate_root = shown.ends_with("src/lib.rs") || shown.ends_with("src/main.rs");
        if !is_crate_root || allowed.contains(&shown.as_str()) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("#![forbid(unsafe_code)]"), "{shown} does not forbid unsafe code");
    }
}

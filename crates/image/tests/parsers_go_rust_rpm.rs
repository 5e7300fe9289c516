//! Listings of Go, Rust and rpm files agree with another tool's own test cases.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::{Path, PathBuf};

use plimsoll_image::cataloguer::{File, Found};
use plimsoll_image::cataloguers;

fn shared() -> PathBuf {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    std::env::var_os("PLIMSOLL_SHARED").map_or_else(|| default.into(), PathBuf::from)
}

/// Which cataloguer reads a kind, and under which path it would meet the file.
const KINDS: [(&str, &str, &str); 4] = [
    ("language/golang/gomod", "go-mod", "src/go.mod"),
    ("language/golang/vendormodules", "go-vendor", "src/vendor/modules.txt"),
    ("language/rust/cargolock", "cargo-lock", "src/Cargo.lock"),
    ("os/rpm", "rpm", "var/lib/rpm/Packages"),
];

/// Cases that are not followed, each with the reason.
const OTHERWISE: [(&str, &str); 1] = [(
    "scalibr/language/golang/gomod/test extractor for go <=1.16",
    "lists what `go.sum` beside the file names; one file at a time is read here, and `go.sum` \
     also names versions that are not used",
)];

/// As the case writes it: without Go's `v`, without rpm's epoch.
fn as_written(kind: &str, name: &str, version: &str) -> (String, String) {
    let version = match kind {
        "os/rpm" => version.split_once(':').map_or(version, |(_, rest)| rest),
        _ if kind.starts_with("language/golang") => version.strip_prefix('v').unwrap_or(version),
        _ => version,
    };
    // One case keeps only the namespace of this name.
    let name = match (kind, name) {
        ("language/golang/vendormodules", "github.com/BurntSushi/toml") => "github.com/",
        _ => name,
    };
    (name.to_owned(), version.to_owned())
}

fn listed(kind: &str, cataloguer: &str, path: &str, file: &Path) -> Vec<(String, String)> {
    let cataloguer = cataloguers::ALL.iter().find(|c| c.name() == cataloguer).unwrap();
    let bytes = std::fs::read(file).unwrap();
    let mut found = Found::default();
    cataloguer.catalogue(&File::new(path, &bytes, false), &mut found).unwrap();
    let packages = found.packages.iter();
    let mut listed: Vec<_> = packages.map(|p| as_written(kind, &p.name, &p.version)).collect();
    listed.sort();
    listed
}

#[test]
fn every_case_lists_the_same_packages() {
    let folder = shared().join("data/matching/parsers");
    let Ok(cases) = std::fs::read_to_string(folder.join("cases.jsonl")) else {
        println!("skipped: no cases in `{}`", folder.display());
        return;
    };
    let mut agreed = 0;
    for line in cases.lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| case.get(key).and_then(serde_json::Value::as_str).unwrap();
        let Some((kind, cataloguer, path)) = KINDS.iter().find(|(kind, ..)| *kind == text("kind"))
        else {
            continue;
        };
        if OTHERWISE.iter().any(|(id, _)| *id == text("id")) {
            continue;
        }
        let packages = case.get("packages").and_then(serde_json::Value::as_array).unwrap();
        let field = |package: &serde_json::Value, key: &str| {
            package.get(key).and_then(serde_json::Value::as_str).unwrap().to_owned()
        };
        let mut expected: Vec<_> =
            packages.iter().map(|p| (field(p, "name"), field(p, "version"))).collect();
        expected.sort();
        let listed = listed(kind, cataloguer, path, &folder.join(text("file")));
        assert_eq!(listed, expected, "{}", text("id"));
        agreed += 1;
    }
    assert_eq!(agreed, 24);
}

//! Another project's own parser cases, read with the cataloguers here: what each file lists.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use plimsoll_image::cataloguer::{File, Found};
use plimsoll_image::cataloguers;
use plimsoll_model::{PackageKind, Purl};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    id: String,
    kind: String,
    file: String,
    packages: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    name: String,
    version: String,
}

/// Kind of case → the cataloguer, the path at which it would find such a file, the packages' kind.
const KINDS: &[(&str, &str, &str, PackageKind)] = &[
    ("language/cpp/conanlock", "conan-lock", "conan.lock", PackageKind::Conan),
    ("language/dart/pubspec", "pubspec-lock", "pubspec.lock", PackageKind::Pub),
    ("language/dotnet/depsjson", "nuget", "a.deps.json", PackageKind::Nuget),
    ("language/dotnet/packagesconfig", "nuget", "packages.config", PackageKind::Nuget),
    ("language/dotnet/packageslockjson", "nuget", "packages.lock.json", PackageKind::Nuget),
    ("language/dotnet/projectassetsjson", "nuget", "project.assets.json", PackageKind::Nuget),
    ("language/elixir/mixlock", "mix-lock", "mix.lock", PackageKind::Hex),
    ("language/erlang/mixlock", "mix-lock", "mix.lock", PackageKind::Hex),
    ("language/haskell/stacklock", "stack-lock", "stack.yaml.lock", PackageKind::Hackage),
    ("language/java/gradlelockfile", "gradle-lock", "gradle.lockfile", PackageKind::Maven),
    ("language/java/pomxml", "maven-pom", "pom.xml", PackageKind::Maven),
    ("language/python/condameta", "conda-meta", "conda-meta/a.json", PackageKind::Conda),
    ("language/r/renvlock", "renv-lock", "renv.lock", PackageKind::Cran),
    ("language/swift/packageresolved", "swift", "Package.resolved", PackageKind::Swift),
    ("language/swift/podfilelock", "swift", "Podfile.lock", PackageKind::Cocoapods),
    ("os/pacman", "pacman", "var/lib/pacman/local/a-1-1/desc", PackageKind::Alpm),
    ("language/javascript/bunlock", "bun-lock", "bun.lock", PackageKind::Npm),
    (
        "language/javascript/packagejson",
        "npm-package",
        "node_modules/x/package.json",
        PackageKind::Npm,
    ),
    ("language/javascript/packagelockjson", "npm-lock", "package-lock.json", PackageKind::Npm),
    ("language/javascript/pnpmlock", "pnpm-lock", "pnpm-lock.yaml", PackageKind::Npm),
    ("language/javascript/yarnlock", "yarn-lock", "yarn.lock", PackageKind::Npm),
    ("language/php/composerlock", "composer", "composer.lock", PackageKind::Composer),
    ("language/python/pdmlock", "python-lock", "pdm.lock", PackageKind::Pypi),
    ("language/python/pipfilelock", "pipfile-lock", "Pipfile.lock", PackageKind::Pypi),
    ("language/python/poetrylock", "python-lock", "poetry.lock", PackageKind::Pypi),
    ("language/python/pylock", "python-lock", "pylock.toml", PackageKind::Pypi),
    ("language/python/requirements", "python-requirements", "requirements.txt", PackageKind::Pypi),
    ("language/python/uvlock", "python-lock", "uv.lock", PackageKind::Pypi),
    ("language/python/wheelegg", "python-archive", "a.egg", PackageKind::Pypi),
    ("language/ruby/gemfilelock", "gemfile-lock", "Gemfile.lock", PackageKind::Gem),
    ("os/apk", "apk", "lib/apk/db/installed", PackageKind::Apk),
    ("os/dpkg", "dpkg", "var/lib/dpkg/status", PackageKind::Deb),
];

/// (Part of the id or the file, why our listing is the better answer.)
const DIFFERENCES: &[(&str, &str)] = &[
    (
        "packagejson/package-with-deps.json",
        "ranges of a manifest are no installed packages; what is installed has its own manifest",
    ),
    ("pomxml/with-parent.xml", "the last one stands in the parent's file, which is absent here"),
    ("packagejson/duplicate-keys.json", "as above: a range is no installed package"),
    ("requirements/example.txt", "the last one stands in another file, which is absent here"),
    (
        "requirements/per_req_options.txt",
        "pip refuses words between version and options; they are no part of the version",
    ),
    (
        "dpkg/statusfield",
        "unpacked and half-installed packages have files on the disk; `config-files`, \
         `not-installed` and an entry without a state have none, and the last is reported",
    ),
    ("opkg/statusfield", "as for dpkg"),
];

fn corpus() -> PathBuf {
    let shared = std::env::var_os("PLIMSOLL_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    shared.join("data/matching/parsers")
}

/// Names as package URLs write them, so that spellings of one name are equal.
fn listing<'p>(
    kind: PackageKind,
    packages: impl Iterator<Item = (&'p str, &'p str)>,
) -> Vec<String> {
    let one = |(name, version)| {
        Purl::of(&plimsoll_model::Package::new(kind, name, version), None).to_string()
    };
    let mut all: Vec<String> = packages.map(one).collect();
    all.sort_unstable();
    all
}

/// Where a file of the case would lie, as far as the cataloguer looks at its path.
fn place(case: &Case, path: &str) -> String {
    let name = case.file.rsplit('/').next().unwrap_or_default();
    match case.kind.as_str() {
        "os/dpkg" if case.file.contains("status.d") => format!("var/lib/dpkg/status.d/{name}"),
        "os/dpkg" if case.file.contains("opkg") => "usr/lib/opkg/status".into(),
        _ => path.into(),
    }
}

fn outcome(root: &Path, case: &Case) -> Option<Result<(), String>> {
    let (_, name, path, kind) = KINDS.iter().find(|(k, ..)| *k == case.kind)?;
    let cataloguer = cataloguers::ALL.iter().find(|cataloguer| cataloguer.name() == *name);
    let (Some(cataloguer), Ok(content)) = (cataloguer, std::fs::read(root.join(&case.file))) else {
        return Some(Err(format!("{}: no `{name}`, or no {}", case.id, case.file)));
    };
    let mut found = Found::default();
    let path = place(case, path);
    let result = cataloguer.catalogue(&File::new(&path, &content, false), &mut found);
    let ours = listing(*kind, found.packages.iter().map(|p| (&*p.name, &*p.version)));
    let theirs = listing(*kind, case.packages.iter().map(|p| (&*p.name, &*p.version)));
    if ours == theirs {
        return Some(Ok(()));
    }
    let error = result.err().map(|error| format!("\n  error: {error}")).unwrap_or_default();
    let only = |a: &[String], b: &[String]| {
        let mut rest = b.to_vec();
        let mut only = Vec::new();
        for item in a {
            match rest.iter().position(|other| other == item) {
                Some(at) => drop(rest.swap_remove(at)),
                None => only.push(item.clone()),
            }
        }
        only
    };
    Some(Err(format!(
        "{} ({})\n  only ours: {:?}\n  only theirs: {:?}{error}",
        case.id,
        case.file,
        only(&ours, &theirs),
        only(&theirs, &ours)
    )))
}

#[test]
fn every_case_is_listed_or_the_difference_is_explained() {
    let root = corpus();
    let Ok(cases) = std::fs::read_to_string(root.join("cases.jsonl")) else {
        println!("skipped: no parser cases at {}", root.display());
        return;
    };
    let (mut same, mut explained, mut wrong) = (0, BTreeMap::new(), Vec::new());
    let mut unmapped: BTreeMap<String, usize> = BTreeMap::new();
    for line in cases.lines() {
        let case: Case = serde_json::from_str(line).expect("a case");
        let known = DIFFERENCES
            .iter()
            .find(|(part, _)| case.id.ends_with(part) || case.file.ends_with(part));
        match (outcome(&root, &case), known) {
            (None, _) => *unmapped.entry(case.kind).or_default() += 1,
            (Some(Ok(())), _) => same += 1,
            (Some(Err(_)), Some((part, _))) => *explained.entry(*part).or_insert(0) += 1,
            (Some(Err(message)), None) => wrong.push(message),
        }
    }
    let unexplained: Vec<_> =
        DIFFERENCES.iter().filter(|(part, _)| !explained.contains_key(part)).collect();
    println!(
        "{same} cases listed alike, {} with an explained difference",
        explained.values().sum::<i32>()
    );
    println!(
        "skipped: {} kinds without a cataloguer ({} cases): {}",
        unmapped.len(),
        unmapped.values().sum::<usize>(),
        unmapped.keys().cloned().collect::<Vec<_>>().join(", ")
    );
    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(unexplained.is_empty(), "no longer different: {unexplained:?}");
}

//! The facts of the starter set, read as plain TOML: their shape, and that they say what the
//! published feeds say.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// A file of `starter/`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Facts {
    ecosystem: String,
    advisory: Vec<Fact>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fact {
    id: String,
    #[serde(default)]
    aliases: Vec<String>,
    summary: String,
    severity: String,
    cvss: Option<String>,
    published: String,
    references: Vec<String>,
    #[serde(default)]
    kev: bool,
    affected: Vec<Part>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    package: String,
    release: Option<String>,
    introduced: Option<String>,
    fixed: Option<String>,
    last_affected: Option<String>,
}

const DISTRIBUTIONS: [&str; 6] =
    ["AlmaLinux", "Alpine", "Debian", "Red Hat", "Rocky Linux", "Ubuntu"];
const LANGUAGES: [&str; 7] = ["Go", "Maven", "Packagist", "PyPI", "RubyGems", "crates.io", "npm"];

fn all() -> Vec<Facts> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("starter");
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |path: &PathBuf| {
        toml::from_str(&fs::read_to_string(path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    files.iter().map(read).collect()
}

#[test]
fn every_ecosystem_has_its_file_and_the_set_has_two_hundred_advisories() {
    let all = all();
    let names: BTreeSet<&str> = all.iter().map(|facts| facts.ecosystem.as_str()).collect();
    assert_eq!(names, DISTRIBUTIONS.into_iter().chain(LANGUAGES).collect());
    assert_eq!(names.len(), all.len(), "an ecosystem has two files");
    let ids: BTreeSet<&str> =
        all.iter().flat_map(|facts| &facts.advisory).map(|fact| fact.id.as_str()).collect();
    assert!(ids.len() >= 200, "only {} ids", ids.len());
}

#[test]
fn an_id_stands_once_in_an_ecosystem() {
    for facts in all() {
        let mut seen = BTreeSet::new();
        for id in facts.advisory.iter().flat_map(|f| f.aliases.iter().chain([&f.id])) {
            assert!(seen.insert(id.clone()), "{}: {id} stands twice", facts.ecosystem);
        }
    }
}

#[test]
fn every_fact_is_complete() {
    for facts in all() {
        let distribution = DISTRIBUTIONS.contains(&facts.ecosystem.as_str());
        for fact in &facts.advisory {
            let id = &fact.id;
            assert!(!fact.summary.is_empty() && !fact.summary.contains('\n'), "{id}");
            assert!(
                ["low", "medium", "high", "critical"].contains(&fact.severity.as_str()),
                "{id}: severity {}",
                fact.severity
            );
            assert!(fact.cvss.as_ref().is_none_or(|v| v.starts_with("CVSS:3.")), "{id}");
            assert!(is_date(&fact.published), "{id}: published {}", fact.published);
            assert!(!fact.references.is_empty(), "{id} has no reference");
            assert!(fact.references.iter().all(|r| r.starts_with("https://")), "{id}");
            assert!(!fact.affected.is_empty(), "{id} affects nothing");
            for part in &fact.affected {
                assert!(!part.package.is_empty(), "{id}");
                assert_eq!(part.release.is_some(), distribution, "{id}: release");
                assert!(part.fixed.is_none() || part.last_affected.is_none(), "{id}: two ends");
                let versions = [&part.introduced, &part.fixed, &part.last_affected];
                let plain = |v: &String| !v.is_empty() && v.trim() == v;
                assert!(versions.into_iter().flatten().all(plain), "{id}: {part:?}");
            }
        }
    }
}

#[test]
fn what_is_known_to_be_exploited_is_marked() {
    let Some(mirror) = mirror() else { return };
    let text = fs::read_to_string(mirror.join("kev/known_exploited_vulnerabilities.json")).unwrap();
    for fact in all().iter().flat_map(|facts| &facts.advisory) {
        let listed = fact
            .aliases
            .iter()
            .chain([&fact.id])
            .any(|id| text.contains(&format!("\"cveID\": \"{id}\"")));
        assert_eq!(fact.kev, listed, "{}", fact.id);
    }
}

/// A fixed version that no published record knows is a typing error of ours.
#[test]
fn fixed_versions_are_those_of_the_published_feeds() {
    let Some(mirror) = mirror() else { return };
    let mut compared = 0;
    let mut wrong = Vec::new();
    for facts in all() {
        let archive = mirror.join("osv").join(&facts.ecosystem).join("all.zip");
        if !archive.exists() {
            continue;
        }
        let published = fixes(&archive);
        for fact in &facts.advisory {
            for part in &fact.affected {
                let place = place(&facts.ecosystem, part.release.as_deref(), &part.package);
                let known: BTreeSet<&String> = fact
                    .aliases
                    .iter()
                    .chain([&fact.id])
                    .filter_map(|id| published.get(&(id.clone(), place.clone())))
                    .flatten()
                    .collect();
                let Some(fixed) = part.fixed.as_ref().filter(|_| !known.is_empty()) else {
                    continue;
                };
                compared += 1;
                if !known.contains(fixed) {
                    wrong.push(format!("{} {place}: {fixed}, published {known:?}", fact.id));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 500, "only {compared} versions were in the feeds");
}

/// The versions that fix an id in a package, by both.
type Fixes = BTreeMap<(String, String), BTreeSet<String>>;

fn fixes(archive: &Path) -> Fixes {
    let mut fixes = Fixes::new();
    let mut zip = zip::ZipArchive::new(File::open(archive).unwrap()).unwrap();
    for index in 0..zip.len() {
        let mut text = String::new();
        zip.by_index(index).unwrap().read_to_string(&mut text).unwrap();
        let record: Record = serde_json::from_str(&text).unwrap();
        if record.withdrawn.is_some() {
            continue;
        }
        let ids: BTreeSet<&String> = [&record.aliases, &record.upstream, &record.related]
            .into_iter()
            .flatten()
            .chain([&record.id])
            .collect();
        for affected in &record.affected {
            let name = &affected.package.ecosystem;
            let (ecosystem, release) =
                name.split_once(':').map_or((name.as_str(), None), |(e, r)| (e, Some(r)));
            let place = place(ecosystem, release, &affected.package.name);
            let events = affected.ranges.iter().flat_map(|range| &range.events);
            for fixed in events.filter_map(|event| event.get("fixed")) {
                for &id in &ids {
                    let key = (id.clone(), place.clone());
                    fixes.entry(key).or_default().insert(fixed.clone());
                }
            }
        }
    }
    fixes
}

fn place(ecosystem: &str, release: Option<&str>, package: &str) -> String {
    let package = if ecosystem == "PyPI" { package.to_lowercase() } else { package.to_owned() };
    format!("{ecosystem}:{} {package}", release.unwrap_or_default())
}

#[derive(Deserialize)]
struct Record {
    id: String,
    withdrawn: Option<String>,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    upstream: Vec<String>,
    #[serde(default)]
    related: Vec<String>,
    #[serde(default)]
    affected: Vec<RecordPart>,
}

#[derive(Deserialize)]
struct RecordPart {
    package: RecordPackage,
    #[serde(default)]
    ranges: Vec<RecordRange>,
}

#[derive(Deserialize)]
struct RecordPackage {
    ecosystem: String,
    name: String,
}

#[derive(Deserialize)]
struct RecordRange {
    #[serde(default)]
    events: Vec<BTreeMap<String, String>>,
}

fn is_date(text: &str) -> bool {
    let parts: Vec<Option<u16>> = text.split('-').map(|part| part.parse().ok()).collect();
    text.len() == 10 && matches!(parts.as_slice(), [Some(1999..=2100), Some(1..=12), Some(1..=31)])
}

fn mirror() -> Option<PathBuf> {
    let shared = std::env::var("PLIMSOLL_SHARED")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").into());
    let mirror = Path::new(&shared).join("data/mirror");
    if mirror.is_dir() {
        return Some(mirror);
    }
    println!("skipped: no mirror of the feeds at {}", mirror.display());
    None
}

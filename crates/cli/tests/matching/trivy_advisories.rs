//! Reads the advisories of another scanner's test database: nested buckets in YAML.
//!
//! A bucket is a source (`alpine 3.10`, `npm::GitHub Security Advisory Npm`), in it a package, in
//! it an advisory.

use std::collections::BTreeMap;
use std::path::Path;

use plimsoll_advisory::database::{Database, Enrichment, compile_to_bytes};
use plimsoll_model::{
    Advisory, Affected, AffectedStatus, Ecosystem, EcosystemName, Event, Range, RangeKind,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Bucket {
    bucket: String,
    pairs: Vec<Pair>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Pair {
    Bucket(Bucket),
    Key { key: String, value: Option<serde_json::Value> },
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Record {
    fixed_version: Option<String>,
    affected_version: Option<String>,
    patched_versions: Vec<String>,
    vulnerable_versions: Vec<String>,
    entries: Vec<Entry>,
    status: u8,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Entry {
    fixed_version: Option<String>,
    arches: Vec<String>,
    affected: Vec<u32>,
    cves: Vec<Cve>,
    status: u8,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Cve {
    #[serde(rename = "ID")]
    id: String,
}

/// Distributions whose feeds list repairs alone, so that a record without one says nothing.
const ONLY_FIXES: [EcosystemName; 5] = [
    EcosystemName::Chainguard,
    EcosystemName::MinimOs,
    EcosystemName::OpenSuse,
    EcosystemName::Suse,
    EcosystemName::Wolfi,
];

/// All advisories of some files that are about an ecosystem known here.
pub(crate) fn read(files: &[impl AsRef<Path>]) -> Vec<Advisory> {
    let buckets: Vec<Bucket> = files
        .iter()
        .flat_map(|file| {
            let text = std::fs::read_to_string(file).unwrap();
            serde_saphyr::from_str::<Vec<Bucket>>(&text)
                .unwrap_or_else(|error| panic!("{}: {error}", file.as_ref().display()))
        })
        .collect();
    let cpes = cpes(&buckets);
    let mut advisories = Vec::new();
    for bucket in &buckets {
        for pair in &bucket.pairs {
            let Pair::Bucket(package) = pair else { continue };
            for pair in &package.pairs {
                let Pair::Key { key, value } = pair else { continue };
                let value = value.clone().unwrap_or_else(|| serde_json::json!({}));
                let record: Record = serde_json::from_value(value).unwrap_or_default();
                advisories.extend(advisory(&bucket.bucket, &package.bucket, key, &record, &cpes));
            }
        }
    }
    advisories
}

/// A database of these records and nothing else.
pub(crate) fn compiled(records: Vec<Advisory>) -> Database {
    let bytes = compile_to_bytes(records.into_iter(), &Enrichment::default()).unwrap();
    Database::from_bytes(bytes).unwrap()
}

/// Red Hat's numbers for its repositories.
fn cpes(buckets: &[Bucket]) -> BTreeMap<u32, String> {
    let of_cpe = buckets.iter().filter(|bucket| bucket.bucket == "Red Hat CPE");
    let pairs = of_cpe.flat_map(|bucket| &bucket.pairs).filter_map(|pair| match pair {
        Pair::Bucket(bucket) if bucket.bucket == "cpe" => Some(&bucket.pairs),
        _ => None,
    });
    pairs
        .flatten()
        .filter_map(|pair| match pair {
            Pair::Key { key, value: Some(cpe) } => {
                let release = cpe.as_str()?.splitn(4, ':').nth(3)?.to_owned();
                Some((key.parse().ok()?, release))
            }
            _ => None,
        })
        .collect()
}

fn advisory(
    bucket: &str,
    package: &str,
    id: &str,
    record: &Record,
    cpes: &BTreeMap<u32, String>,
) -> Option<Advisory> {
    let mut advisory = Advisory::new(id, format!("trivy/{bucket}"));
    let (module, name) = match package.split_once("::") {
        Some((module, name)) => (Some(module.to_owned()), name),
        None => (None, package),
    };
    let of = |ecosystem: Ecosystem| Affected {
        ecosystem,
        package: name.to_owned(),
        binary: false,
        ranges: Vec::new(),
        versions: Vec::new(),
        status: AffectedStatus::ByRange,
        module: module.clone(),
        arches: Vec::new(),
        rating: None,
    };
    if bucket == "Red Hat" {
        for entry in &record.entries {
            advisory
                .upstream
                .extend(entry.cves.iter().map(|cve| cve.id.clone()).filter(|id| !id.is_empty()));
            for number in &entry.affected {
                let release = cpes.get(number)?;
                let mut affected =
                    of(Ecosystem::with_release(EcosystemName::RedHat, release.clone()));
                affected.arches.clone_from(&entry.arches);
                affected.ranges = vec![fixed_at(entry.fixed_version.as_deref(), None)];
                affected.status = status(entry.status);
                advisory.affected.push(affected);
            }
        }
        return Some(advisory);
    }
    if let Some(ecosystem) = distribution(bucket) {
        let fixed = record.fixed_version.as_deref().is_some_and(|fixed| !fixed.is_empty());
        if ONLY_FIXES.contains(&ecosystem.name()) && !fixed && record.entries.is_empty() {
            return None;
        }
        if record.entries.is_empty() {
            let mut affected = of(ecosystem);
            affected.ranges =
                vec![fixed_at(record.fixed_version.as_deref(), record.affected_version.as_deref())];
            affected.status = status(record.status);
            advisory.affected.push(affected);
        } else {
            for entry in &record.entries {
                let mut affected = of(ecosystem.clone());
                affected.arches.clone_from(&entry.arches);
                affected.ranges = vec![fixed_at(entry.fixed_version.as_deref(), None)];
                advisory.affected.push(affected);
            }
        }
        return Some(advisory);
    }
    let mut affected = of(Ecosystem::new(language(bucket.split("::").next()?)?));
    affected.ranges = by_constraints(record)?;
    advisory.affected.push(affected);
    Some(advisory)
}

/// The constraints of a language's record, and its fixes.
fn by_constraints(record: &Record) -> Option<Vec<Range>> {
    let constraint = |text: &str| Range {
        kind: RangeKind::Ecosystem,
        events: Vec::new(),
        constraint: text.to_owned(),
    };
    if record.vulnerable_versions.is_empty() {
        return None;
    }
    let mut ranges: Vec<Range> =
        record.vulnerable_versions.iter().map(|text| constraint(text)).collect();
    // A range of ends alone affects nothing and tells where the fixes are.
    let fixes = record.patched_versions.iter().map(|text| Event::Fixed(text.clone()));
    ranges.push(Range {
        kind: RangeKind::Ecosystem,
        events: fixes.collect(),
        constraint: String::new(),
    });
    Some(ranges)
}

fn fixed_at(fixed: Option<&str>, introduced: Option<&str>) -> Range {
    let mut events = vec![Event::Introduced(introduced.unwrap_or("0").to_owned())];
    events.extend(fixed.filter(|fixed| !fixed.is_empty()).map(|f| Event::Fixed(f.to_owned())));
    Range { kind: RangeKind::Ecosystem, events, constraint: String::new() }
}

fn status(number: u8) -> AffectedStatus {
    match number {
        1 => AffectedStatus::NotAffected,
        4 => AffectedStatus::UnderInvestigation,
        5 => AffectedStatus::WillNotFix,
        6 => AffectedStatus::Deferred,
        7 => AffectedStatus::EndOfLife,
        _ => AffectedStatus::ByRange,
    }
}

/// The ecosystem of a distribution's bucket.
pub(crate) fn distribution(bucket: &str) -> Option<Ecosystem> {
    use EcosystemName as Name;
    let (name, release) = bucket.rsplit_once(' ').unwrap_or((bucket, ""));
    let release = match name.to_ascii_lowercase().as_str() {
        "alpine" => return Some(Ecosystem::with_release(Name::Alpine, format!("v{release}"))),
        "alma" => return Some(Ecosystem::with_release(Name::AlmaLinux, release)),
        "rocky" => return Some(Ecosystem::with_release(Name::Rocky, release)),
        "amazon linux" => return Some(Ecosystem::with_release(Name::Amazon, release)),
        "cbl-mariner" => return Some(Ecosystem::with_release(Name::Mariner, release)),
        "azure linux" => release.split('.').next().unwrap_or(release),
        "debian" => return Some(Ecosystem::with_release(Name::Debian, release)),
        "ubuntu" if release.ends_with(".04") => {
            return Some(Ecosystem::with_release(Name::Ubuntu, format!("{release}:LTS")));
        }
        "oracle linux" => return Some(Ecosystem::with_release(Name::Oracle, release)),
        "photon os" => return Some(Ecosystem::with_release(Name::Photon, release)),
        "opensuse leap" => {
            return Some(Ecosystem::with_release(Name::OpenSuse, format!("Leap {release}")));
        }
        "opensuse" => return Some(Ecosystem::with_release(Name::OpenSuse, release)),
        "suse linux enterprise" => {
            let release = release.replace('.', " SP");
            return Some(Ecosystem::with_release(
                Name::Suse,
                format!("Linux Enterprise Server {release}"),
            ));
        }
        "suse linux enterprise micro" => {
            return Some(Ecosystem::with_release(
                Name::Suse,
                format!("Linux Enterprise Micro {release}"),
            ));
        }
        "chainguard" => return Some(Ecosystem::new(Name::Chainguard)),
        "wolfi" => return Some(Ecosystem::new(Name::Wolfi)),
        "minimos" => return Some(Ecosystem::new(Name::MinimOs)),
        _ => return None,
    };
    Some(Ecosystem::with_release(Name::AzureLinux, release))
}

fn language(word: &str) -> Option<EcosystemName> {
    use EcosystemName as Name;
    Some(match word {
        "npm" => Name::Npm,
        "pip" => Name::PyPi,
        "go" => Name::Go,
        "cargo" => Name::CratesIo,
        "maven" => Name::Maven,
        "rubygems" => Name::RubyGems,
        "composer" => Name::Packagist,
        "nuget" => Name::NuGet,
        "pub" => Name::Pub,
        "erlang" => Name::Hex,
        "swift" => Name::Swift,
        "cocoapods" => Name::CocoaPods,
        "conan" => Name::Conan,
        _ => return None,
    })
}

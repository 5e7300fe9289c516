//! A claim from a scan.

use plimsoll_model::{Digest, Finding, FixState, Inventory, Package, ProblemKind, Scan, Timestamp};
use serde::Serialize;

use super::{
    ClaimedAdvisory, ClaimedDatabase, ClaimedDistro, ClaimedFeed, ClaimedFinding, ClaimedInventory,
    ClaimedPackage, ClaimedProblem, ClaimedScan, ClaimedUndecided, DatabaseTimes, ScanClaim,
    Scanner, Target, canonical, digest_set, sha256_of,
};

/// What a scan itself does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circumstances {
    /// The image's manifest.
    pub target: Digest,
    /// The program's version.
    pub version: String,
    /// The digest of the program's file.
    pub program: Digest,
    /// The digest of the advisories.
    pub database: Digest,
    /// Whether declared packages were judged.
    pub declared: bool,
    /// When the scan was made.
    pub scanned_on: Timestamp,
}

impl ScanClaim {
    /// The claim that `scan` was made in these circumstances. What it says of order is made anew,
    /// so that it depends on no order of the scan's.
    pub fn of(scan: &Scan, circumstances: &Circumstances) -> Self {
        let inventory = &scan.inventory;
        let partial = inventory.problems.iter().filter(|it| it.kind == ProblemKind::Partial);
        let claimed =
            ClaimedScan {
                scanner: Scanner {
                    name: "plimsoll".into(),
                    version: circumstances.version.clone(),
                    digest: digest_set(&circumstances.program),
                },
                target: Target {
                    digest: digest_set(&circumstances.target),
                    platform: inventory.artifact.platform.as_ref().map(ToString::to_string),
                },
                database: database(scan, &circumstances.database),
                inventory: packages(inventory),
                declared: circumstances.declared,
                distro: inventory.distro.as_ref().map(|it| ClaimedDistro {
                    id: it.id.clone(),
                    version: it.version.clone(),
                    end_of_life: it.end_of_life,
                }),
                findings: sorted(scan.findings.iter().map(finding)),
                undecided: sorted(scan.undecided.iter().map(|it| ClaimedUndecided {
                    package: it.package.clone(),
                    version: it.version.clone(),
                    advisory: it.advisory.clone(),
                    why: it.why.clone(),
                })),
                partial: sorted(partial.map(|it| ClaimedProblem {
                    path: it.path.clone(),
                    message: it.message.clone(),
                })),
            };
        Self {
            scanned_on: circumstances.scanned_on,
            database_times: DatabaseTimes {
                compiled_on: scan.data.compiled,
                fetched_on: scan.data.feeds.iter().filter_map(|feed| feed.fetched).min(),
            },
            scan_digest: sha256_of(&canonical(&claimed)),
            scan: claimed,
        }
    }
}

fn sorted<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut list: Vec<T> = items.collect();
    list.sort();
    list
}

fn database(scan: &Scan, digest: &Digest) -> ClaimedDatabase {
    let mut feeds: Vec<ClaimedFeed> = scan
        .data
        .feeds
        .iter()
        .map(|feed| ClaimedFeed {
            name: feed.name.clone(),
            records: feed.records,
            newest: feed.newest,
        })
        .collect();
    feeds.sort_by(|a, b| a.name.cmp(&b.name));
    ClaimedDatabase { digest: digest_set(digest), starter: scan.data.starter, feeds }
}

fn finding(found: &Finding) -> ClaimedFinding {
    let (fix, fixed_in) = match &found.fix {
        FixState::Fixed(versions) => ("fixed", versions.clone()),
        FixState::WillNotFix => ("will_not_fix", Vec::new()),
        FixState::Deferred => ("deferred", Vec::new()),
        FixState::UnderInvestigation => ("under_investigation", Vec::new()),
        FixState::EndOfLife => ("end_of_life", Vec::new()),
        _ => ("not_fixed", Vec::new()),
    };
    let package = &found.package;
    ClaimedFinding {
        id: found.id.clone(),
        package: ClaimedPackage {
            purl: package.purl.clone(),
            name: package.name.clone(),
            version: package.version.clone(),
        },
        locations: sorted(package.locations.iter().map(|it| it.path.clone())),
        aliases: sorted(found.aliases.iter().cloned()),
        severity: found.severity.name().into(),
        severity_source: found.severity_source.clone(),
        fix: fix.into(),
        fixed_in,
        advisories: found
            .advisories
            .iter()
            .map(|it| ClaimedAdvisory {
                id: it.id.clone(),
                feed: it.feed.clone(),
                modified: it.modified,
            })
            .collect(),
        exploited_since: found.kev.as_ref().map(|kev| kev.added),
        suppressed: found.suppressed.clone(),
    }
}

/// What of a package decides findings.
#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
struct Essence<'p> {
    kind: &'static str,
    name: &'p str,
    version: &'p str,
    arch: Option<&'p str>,
    source: Option<(&'p str, &'p str)>,
    module: Option<&'p str>,
    owner: Option<&'p str>,
    declared: bool,
    removed: bool,
    locations: Vec<&'p str>,
}

impl<'p> Essence<'p> {
    fn of(package: &'p Package) -> Self {
        Self {
            kind: package.kind.purl_type(),
            name: &package.name,
            version: &package.version,
            arch: package.arch.as_deref(),
            source: package.source.as_ref().map(|it| (it.name.as_str(), it.version.as_str())),
            module: package.module.as_deref(),
            owner: package.owner.as_deref(),
            declared: package.declared,
            removed: package.removed_in.is_some(),
            locations: sorted(package.locations.iter().map(|it| it.path.as_str())),
        }
    }
}

fn packages(inventory: &Inventory) -> ClaimedInventory {
    let essence = sorted(inventory.packages.iter().map(Essence::of));
    ClaimedInventory {
        digest: sha256_of(&canonical(&essence)),
        packages: inventory.present().count() as u64,
    }
}

//! The claim that an image was scanned: what was found, by which program, with which advisories.
//!
//! The predicate has two parts. `scan` depends on the image, the advisories and the program alone:
//! whoever has the same three gets the same bytes, in the canonical form of JSON (RFC 8785), and
//! `scanDigest` is of them. What only a clock knows stands beside it. `docs/scan-attestation.md`
//! describes every field, `docs/schema/scan-attestation-v1.schema.json` checks them.

mod build;
mod difference;
mod read;
mod vuln;

use std::collections::BTreeMap;

use plimsoll_model::{Digest, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use build::Circumstances;
pub use difference::first_difference;
pub use vuln::cosign_vuln;

/// The type of the predicate.
pub const PREDICATE_TYPE: &str = "https://github.com/plimsoll/plimsoll/attestation/scan/v1";

/// The most findings, packages of a kind of trouble, or feeds that one claim may have.
const MAX_ITEMS: usize = 500_000;

/// A scan that somebody vouches for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScanClaim {
    /// When the scan was made.
    pub scanned_on: Timestamp,
    /// When the advisories came to the place where the scan was made.
    pub database_times: DatabaseTimes,
    /// The digest of `scan` in canonical JSON.
    pub scan_digest: DigestSet,
    /// What is the same wherever and whenever it is made.
    pub scan: ClaimedScan,
}

/// Digests by algorithm, as in-toto writes them.
pub type DigestSet = BTreeMap<String, String>;

/// Clocks of the advisory database; all of them may be missing, as in the starter set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseTimes {
    /// When it was compiled.
    pub compiled_on: Option<Timestamp>,
    /// The oldest visit to any of its feeds.
    pub fetched_on: Option<Timestamp>,
}

/// The reproducible part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimedScan {
    /// The program.
    pub scanner: Scanner,
    /// The image.
    pub target: Target,
    /// The advisories.
    pub database: ClaimedDatabase,
    /// What was read in the image.
    pub inventory: ClaimedInventory,
    /// Whether what lock files ask for was judged as well.
    pub declared: bool,
    /// The distribution, where there is one.
    pub distro: Option<ClaimedDistro>,
    /// Weaknesses, sorted by id, package and place.
    pub findings: Vec<ClaimedFinding>,
    /// What could not be decided, sorted.
    pub undecided: Vec<ClaimedUndecided>,
    /// What could not be read, sorted: packages may be missing.
    pub partial: Vec<ClaimedProblem>,
}

/// The program that scanned.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Scanner {
    /// `plimsoll`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The digest of its file.
    pub digest: DigestSet,
}

/// The image that was scanned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// The digest of its manifest; also the statement's subject.
    pub digest: DigestSet,
    /// `linux/amd64`.
    pub platform: Option<String>,
}

/// The advisories of a scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimedDatabase {
    /// The digest of all in it that findings come from, whenever it was compiled.
    pub digest: DigestSet,
    /// Whether it is the starter set that is built into the program.
    pub starter: bool,
    /// One entry a feed, sorted by name.
    pub feeds: Vec<ClaimedFeed>,
}

/// A feed of the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimedFeed {
    /// Its name.
    pub name: String,
    /// Records kept.
    pub records: u64,
    /// Newest date of change in any record.
    pub newest: Option<Timestamp>,
}

/// What was read in the image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimedInventory {
    /// The digest of its packages in canonical JSON.
    pub digest: DigestSet,
    /// How many of them a running container has.
    pub packages: u64,
}

/// The distribution of the image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimedDistro {
    /// `debian`.
    pub id: String,
    /// `12`.
    pub version: String,
    /// When its maker stops to fix it.
    pub end_of_life: Option<Timestamp>,
}

/// A weakness of a package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimedFinding {
    /// The CVE where one is known, else the advisory's id.
    pub id: String,
    /// The package's type, name and version.
    pub package: ClaimedPackage,
    /// Paths of its evidence, sorted.
    pub locations: Vec<String>,
    /// All other ids, sorted.
    pub aliases: Vec<String>,
    /// `critical`, `high`, `medium`, `low`, `negligible`, `unknown`.
    pub severity: String,
    /// Whose rating that is.
    pub severity_source: String,
    /// `fixed`, `not_fixed`, `will_not_fix`, `deferred`, `under_investigation`, `end_of_life`.
    pub fix: String,
    /// Versions that repair it, nearest first.
    pub fixed_in: Vec<String>,
    /// The advisories that matched; the first one decided.
    pub advisories: Vec<ClaimedAdvisory>,
    /// Since when it is in CISA's catalogue of exploited weaknesses.
    pub exploited_since: Option<Timestamp>,
    /// Why it does not count, where somebody said so.
    pub suppressed: Option<String>,
}

/// The package of a finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimedPackage {
    /// Package URL.
    pub purl: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// An advisory of a finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimedAdvisory {
    /// Its id.
    pub id: String,
    /// Its feed.
    pub feed: String,
    /// When it was last changed.
    pub modified: Option<Timestamp>,
}

/// A package and an advisory of which nobody can say whether it applies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimedUndecided {
    /// The package.
    pub package: String,
    /// Its version.
    pub version: String,
    /// The advisory; empty where it is about the package as a whole.
    pub advisory: String,
    /// Why.
    pub why: String,
}

/// Something that should have been read and was not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimedProblem {
    /// Its path.
    pub path: String,
    /// What was wrong.
    pub message: String,
}

impl ScanClaim {
    /// The predicate.
    pub fn to_value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// The image's digest as the claim states it.
    pub fn target(&self) -> Option<Digest> {
        self.scan.target.digest.iter().find_map(|(name, hex)| format!("{name}:{hex}").parse().ok())
    }
}

/// JSON in the canonical form of RFC 8785.
fn canonical(value: &impl Serialize) -> Vec<u8> {
    // Keys are text and numbers finite in all that is written here, so nothing can fail.
    serde_json_canonicalizer::to_vec(value).unwrap_or_default()
}

/// The statement about one image in the canonical form of JSON, so that the same claim is the same
/// payload.
pub fn statement(name: &str, of: &Digest, predicate_type: &str, predicate: &Value) -> Vec<u8> {
    canonical(&serde_json::json!({
        "_type": crate::intoto::STATEMENT_V1,
        "subject": [{"name": name, "digest": {of.algorithm().name(): of.hex()}}],
        "predicateType": predicate_type,
        "predicate": predicate,
    }))
}

fn sha256_of(bytes: &[u8]) -> DigestSet {
    DigestSet::from([("sha256".into(), crate::hash::hex(&crate::hash::sha256(bytes)))])
}

fn digest_set(digest: &Digest) -> DigestSet {
    DigestSet::from([(digest.algorithm().name().into(), digest.hex().into())])
}

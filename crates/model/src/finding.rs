//! A weakness of an installed package, and why it is said.

use serde::{Deserialize, Serialize};

use crate::{Link, Loaded, Location, PackageKind, Rating, Severity, Timestamp};

/// One weakness in one package, with all advisories that speak of it folded together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The id people search for: the CVE where one is known, else the advisory's.
    pub id: String,
    /// All other ids, sorted.
    pub aliases: Vec<String>,
    /// The package.
    pub package: PackageMatch,
    /// The level that was chosen.
    pub severity: Severity,
    /// Whose rating that is.
    pub severity_source: String,
    /// All ratings.
    pub ratings: Vec<Rating>,
    /// Whether and how it can be repaired.
    pub fix: FixState,
    /// One line.
    pub title: String,
    /// The whole text.
    pub description: String,
    /// First published.
    pub published: Option<Timestamp>,
    /// Last changed.
    pub modified: Option<Timestamp>,
    /// Links, sorted.
    pub references: Vec<Link>,
    /// The advisories that matched; the first one decided.
    pub advisories: Vec<AdvisoryRef>,
    /// In CISA's catalogue of exploited weaknesses.
    pub kev: Option<Kev>,
    /// FIRST's estimate that it will be exploited.
    pub epss: Option<Epss>,
    /// How the match came about, step by step.
    pub evidence: Vec<EvidenceStep>,
    /// Why it does not count, where somebody said so.
    pub suppressed: Option<String>,
    /// Whether the package's code was ever loaded, where that was asked.
    #[serde(default)]
    pub loaded: Option<Loaded>,
}

/// The package that a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageMatch {
    /// Index into the inventory's packages.
    pub index: u32,
    /// Package manager.
    pub kind: PackageKind,
    /// Its name.
    pub name: String,
    /// The version installed.
    pub version: String,
    /// Package URL.
    pub purl: String,
    /// Where it was found.
    pub locations: Vec<Location>,
}

/// Whether a weakness can be repaired by an update.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state", content = "versions")]
#[non_exhaustive]
pub enum FixState {
    /// By an update to one of these, nearest first.
    Fixed(Vec<String>),
    /// Nobody has published a fix.
    NotFixed,
    /// The vendor will not fix it.
    WillNotFix,
    /// The vendor puts it off.
    Deferred,
    /// The vendor is still looking.
    UnderInvestigation,
    /// The release has ended.
    EndOfLife,
}

impl FixState {
    /// The version to go to, where there is one.
    pub fn nearest(&self) -> Option<&str> {
        match self {
            Self::Fixed(versions) => versions.first().map(String::as_str),
            _ => None,
        }
    }
}

/// An advisory in a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdvisoryRef {
    /// Its id.
    pub id: String,
    /// Name of its feed.
    pub feed: String,
    /// When it was last changed.
    pub modified: Option<Timestamp>,
}

/// An entry of CISA's catalogue of known exploited vulnerabilities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kev {
    /// When it was listed.
    pub added: Timestamp,
    /// By when United States agencies must repair it.
    pub due: Option<Timestamp>,
    /// Known to be used by ransomware.
    pub ransomware: bool,
}

/// FIRST's exploit prediction.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Epss {
    /// Probability within 30 days, 0 to 1.
    pub score: f32,
    /// Share of all weaknesses that score lower, 0 to 1.
    pub percentile: f32,
}

/// One step of the reasoning behind a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceStep {
    /// `package`, `ecosystem`, `advisory`, `range`, `comparison`, `severity`, `source` …
    pub step: String,
    /// What was seen or decided, in one sentence.
    pub says: String,
}

//! One scan from end to end, as reports show it.

use serde::{Deserialize, Serialize};

use crate::{Finding, Inventory, Timestamp, Verdict};

/// Everything that a report can say of one target.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Scan {
    /// What was found in the target.
    pub inventory: Inventory,
    /// Weaknesses of its packages: worst first, then by package and id. Those that were
    /// explained away are in it too, with [`Finding::suppressed`] set.
    pub findings: Vec<Finding>,
    /// What could not be decided, and packages that no feed speaks of.
    pub undecided: Vec<Undecided>,
    /// What the gates say.
    pub verdict: Verdict,
    /// The advisories that were used.
    pub data: AdvisoryData,
    /// When the scan was made; `SOURCE_DATE_EPOCH` pins it.
    pub scanned_at: Option<Timestamp>,
}

/// A package and an advisory that speaks of it, of which nobody can say whether it applies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Undecided {
    /// Name of the package.
    pub package: String,
    /// Its version as installed.
    pub version: String,
    /// Id of the advisory; empty where it is about the package or release as a whole.
    pub advisory: String,
    /// Why, in one sentence.
    pub why: String,
}

/// The advisory database of a scan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdvisoryData {
    /// Whether only the starter set that is built into the program was there.
    pub starter: bool,
    /// Path of the compiled database; empty for the starter set.
    pub path: String,
    /// When it was compiled.
    pub compiled: Option<Timestamp>,
    /// One entry a feed, sorted by name.
    pub feeds: Vec<FeedStatus>,
}

impl AdvisoryData {
    /// The newest record of all feeds, by which the age of the data is judged.
    pub fn newest(&self) -> Option<Timestamp> {
        self.feeds.iter().filter_map(|feed| feed.newest).max()
    }
}

/// What the database has of one feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedStatus {
    /// `osv/PyPI`, `alpine-secdb`, `kev`, `epss`, `endoflife`, `starter`.
    pub name: String,
    /// URL or folder that it was read from.
    pub source: String,
    /// Records kept.
    pub records: u64,
    /// Records left out because they are broken; `db update` names them.
    pub rejected: u64,
    /// Newest date of change in any record.
    pub newest: Option<Timestamp>,
    /// When it was fetched.
    pub fetched: Option<Timestamp>,
}

//! A whole cluster: what its images have, what rules say of its objects, and who can come to what;
//! in one of the known formats, one file each.
//!
//! To add one: write its file, name its module here, and add it to [`ClusterFormat::ALL`].

mod json;
mod table;
mod trivy;
mod versions;

use std::collections::BTreeSet;
use std::io::{self, Write};

use plimsoll_kube::assessment::{Assessment, Node, Row, Said};
use plimsoll_kube::rbac::{Path, Subject};
use plimsoll_kube::releases::Support;
use plimsoll_model::text::Level;
use plimsoll_model::{AdvisoryData, GateReason, Severity, Timestamp};
use serde_json::Value;

use crate::Style;

/// A cluster that was scanned.
#[derive(Debug)]
pub struct ClusterScan<'a> {
    /// What it is called here: the context, or the files.
    pub name: String,
    /// The only namespace that was looked at.
    pub namespace: Option<String>,
    /// The version of its API server; `None` where there was none to ask.
    pub server: Option<String>,
    /// What its objects come to.
    pub assessment: &'a Assessment,
    /// The ways to the whole cluster, without those that Kubernetes itself has.
    pub ways: Vec<Path<'a>>,
    /// The images by their number; empty where they were not looked at.
    pub images: Vec<ImageScan>,
    /// The advisories that were used; `None` where images were not looked at.
    pub data: Option<AdvisoryData>,
    /// What could not be read, each in a sentence.
    pub missing: Vec<String>,
    /// Gates that were not passed.
    pub failed: Vec<GateReason>,
    /// Why it was ended before all was looked at; `None` where it was not.
    pub stopped: Option<String>,
    /// When it was scanned.
    pub scanned_at: Timestamp,
    /// Whether each finding is told, not figures alone.
    pub is_whole: bool,
}

/// An image that was scanned.
#[derive(Debug, Clone, Default)]
pub struct ImageScan {
    /// The name that it was got by; empty where it could not be got.
    pub reference: String,
    /// The distribution that it is of: `Debian 12`.
    pub distro: String,
    /// The vulnerabilities, worst first.
    pub findings: Vec<Vulnerability>,
    /// Why it could not be read, or not whole.
    pub problem: Option<String>,
}

/// A vulnerability of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vulnerability {
    /// The CVE where one is known.
    pub id: String,
    /// The package.
    pub package: String,
    /// The version installed.
    pub version: String,
    /// The nearest version that repairs it.
    pub fixed: Option<String>,
    /// How bad.
    pub severity: Severity,
    /// In one line.
    pub title: String,
    /// Whether it is in CISA's catalogue of exploited ones.
    pub is_exploited: bool,
    /// Whether a distribution's package manager installed it.
    pub is_of_system: bool,
}

/// A way to write it.
#[derive(Debug, Clone, Copy)]
pub struct ClusterFormat {
    /// As `-o` takes it.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// Writes the whole document.
    pub write: fn(&ClusterScan<'_>, &Style, &mut dyn Write) -> io::Result<()>,
}

impl ClusterFormat {
    /// The registry.
    pub const ALL: &'static [Self] = &[table::FORMAT, json::FORMAT, trivy::FORMAT];

    /// The format of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.name == name)
    }
}

/// The levels of rules, gravest first.
const LEVELS: [Level; 4] = [Level::Error, Level::Warning, Level::Info, Level::Style];

/// How many vulnerabilities of each severity each image has, worst first.
struct Severities(Vec<[usize; 6]>);

impl Severities {
    fn of(images: &[ImageScan]) -> Self {
        let count = |image: &ImageScan| {
            let mut counts = [0_usize; 6];
            for (slot, level) in counts.iter_mut().zip(Severity::ALL) {
                *slot = image.findings.iter().filter(|one| one.severity == level).count();
            }
            counts
        };
        Self(images.iter().map(count).collect())
    }

    /// Those of one image.
    fn of_image(&self, number: usize) -> [usize; 6] {
        self.0.get(number).copied().unwrap_or_default()
    }

    /// Those of some images together.
    fn together(&self, images: &BTreeSet<usize>) -> [usize; 6] {
        images.iter().fold([0; 6], |mut sum, number| {
            for (sum, count) in sum.iter_mut().zip(self.of_image(*number)) {
                *sum = sum.saturating_add(count);
            }
            sum
        })
    }
}

impl ClusterScan<'_> {
    /// What is known of the support of a version on the day of the scan.
    fn support(&self, version: &str) -> Support {
        Support::of(version, &self.scanned_at.date())
    }

    /// What leads to a workload from outside.
    fn exposed(&self, row: &Row) -> Option<&str> {
        let key = (row.namespace.clone(), row.kind.clone(), row.name.clone());
        self.assessment.reach.exposed.get(&key).map(String::as_str)
    }

    /// The account that a workload runs as.
    fn account(row: &Row) -> Subject {
        Subject::ServiceAccount(row.namespace.clone(), row.account.clone())
    }

    /// How many findings of each level the workloads of a node have, gravest first.
    fn levels_of(&self, node: &Node) -> [usize; 4] {
        let rows = node.workloads.iter().filter_map(|row| self.assessment.workloads.get(*row));
        rows.fold([0; 4], |mut sum, row| {
            for (sum, count) in sum.iter_mut().zip(levels(&row.findings)) {
                *sum = sum.saturating_add(count);
            }
            sum
        })
    }

    /// How many pods there are.
    fn pods(&self) -> u64 {
        self.assessment.counts.get("Pod").copied().unwrap_or(0)
    }
}

/// How many findings there are of each level, gravest first.
fn levels(findings: &[Said]) -> [usize; 4] {
    LEVELS.map(|level| findings.iter().filter(|one| one.level == level).count())
}

/// Puts a value under a name of an object.
fn put(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(fields) = object {
        fields.insert(name.to_owned(), value);
    }
}

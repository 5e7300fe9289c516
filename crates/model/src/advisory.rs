//! An advisory: which versions of which packages have which weakness.
//!
//! The shape is OSV's (<https://ossf.github.io/osv-schema/>), with what distributions say beyond
//! it: a status for what has no fix, and an advisory's own range syntax.

use serde::{Deserialize, Serialize};

use crate::{Ecosystem, Severity, Timestamp};

/// One record of one feed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Advisory {
    /// The feed's own id: `DSA-5417-1`, `GHSA-…`, `CVE-…`.
    pub id: String,
    /// Other ids of the same weakness.
    pub aliases: Vec<String>,
    /// Ids of upstream weaknesses that this distribution's record is about (a DSA's CVEs).
    pub upstream: Vec<String>,
    /// Name of the feed it came from.
    pub feed: String,
    /// One line.
    pub summary: String,
    /// Everything, in Markdown or plain text.
    pub details: String,
    /// All ratings, none dropped.
    pub ratings: Vec<Rating>,
    /// First published.
    pub published: Option<Timestamp>,
    /// Last changed.
    pub modified: Option<Timestamp>,
    /// Set where the record was taken back: it must match nothing.
    pub withdrawn: Option<Timestamp>,
    /// Links.
    pub references: Vec<Link>,
    /// What it is about.
    pub affected: Vec<Affected>,
}

impl Advisory {
    /// A record of which only its id and feed are known.
    pub fn new(id: impl Into<String>, feed: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            aliases: Vec::new(),
            upstream: Vec::new(),
            feed: feed.into(),
            summary: String::new(),
            details: String::new(),
            ratings: Vec::new(),
            published: None,
            modified: None,
            withdrawn: None,
            references: Vec::new(),
            affected: Vec::new(),
        }
    }
}

/// The part of an advisory that is about one package of one ecosystem.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Affected {
    /// Ecosystem and release.
    pub ecosystem: Ecosystem,
    /// Package name in the ecosystem's own writing; distributions name the source package
    /// unless `binary` is set.
    pub package: String,
    /// For distributions: the name is a binary package's.
    pub binary: bool,
    /// Version ranges; a version in any of them is affected.
    pub ranges: Vec<Range>,
    /// Versions named one by one.
    pub versions: Vec<String>,
    /// What the vendor says where the range alone does not.
    pub status: AffectedStatus,
    /// rpm module stream (`nginx:1.16`) that it is limited to.
    pub module: Option<String>,
    /// Architectures that it is limited to; empty means all.
    pub arches: Vec<String>,
    /// A rating for this package alone, which outranks the advisory's.
    pub rating: Option<Rating>,
}

impl Affected {
    /// The source package of that name, or the only kind that its ecosystem has, in some ranges.
    pub fn in_ranges(ecosystem: Ecosystem, package: impl Into<String>, ranges: Vec<Range>) -> Self {
        Self {
            ecosystem,
            package: package.into(),
            binary: false,
            ranges,
            versions: Vec::new(),
            status: AffectedStatus::ByRange,
            module: None,
            arches: Vec::new(),
            rating: None,
        }
    }
}

/// A vendor's word on a package.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AffectedStatus {
    /// The ranges decide.
    #[default]
    ByRange,
    /// Affected, a fix is awaited.
    Affected,
    /// Being looked into.
    UnderInvestigation,
    /// A fix will come later.
    Deferred,
    /// The vendor will not fix it.
    WillNotFix,
    /// The release has ended.
    EndOfLife,
    /// The vendor says that the package is not affected.
    NotAffected,
}

/// Versions from events, or in the syntax of the ecosystem's own constraints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// How the bounds are to be ordered.
    pub kind: RangeKind,
    /// Sorted by version before use; no order is assumed here.
    pub events: Vec<Event>,
    /// A constraint such as `>=1.0, <1.2.3 || =2.0`; empty where events are given.
    pub constraint: String,
}

impl Range {
    /// All versions below the one that mends it.
    pub fn below(kind: RangeKind, fixed: impl Into<String>) -> Self {
        let events = vec![Event::Introduced("0".into()), Event::Fixed(fixed.into())];
        Self { kind, events, constraint: String::new() }
    }
}

/// How a range's versions are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RangeKind {
    /// By `SemVer` 2.0.
    Semver,
    /// By the ecosystem's own order.
    Ecosystem,
}

/// A bound of a range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// From this version on, it included; `0` is before all.
    Introduced(String),
    /// Up to this version, it excluded.
    Fixed(String),
    /// Up to this version, it included.
    LastAffected(String),
    /// No claim is made from this version on.
    Limit(String),
}

/// A rating of severity by one source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rating {
    /// Who rates: `nvd`, `ghsa`, `debian`, `redhat` …
    pub source: String,
    /// In which system.
    pub kind: RatingKind,
    /// CVSS vector, or the vendor's own word; empty where only a level is known.
    pub value: String,
    /// CVSS base score, 0.0 to 10.0.
    pub score: Option<f32>,
    /// Brought to one scale.
    pub severity: Severity,
}

/// The system of a rating.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RatingKind {
    /// CVSS 2.0.
    CvssV2,
    /// CVSS 3.0 or 3.1.
    CvssV3,
    /// CVSS 4.0.
    CvssV4,
    /// A vendor's word.
    Label,
}

/// A link of an advisory.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Link {
    /// What it leads to.
    pub kind: LinkKind,
    /// Where it leads.
    pub url: String,
}

/// What a link leads to; OSV's reference types in groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkKind {
    /// The advisory itself.
    Advisory,
    /// The change that fixes it.
    Fix,
    /// A report or discussion.
    Report,
    /// Proof or detection.
    Evidence,
    /// The package's own page.
    Package,
    /// Anything else.
    Web,
}

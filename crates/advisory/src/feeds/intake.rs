//! Where readers put what they find, and what they cannot make sense of.

use std::collections::BTreeMap;
use std::fmt::Display;

use plimsoll_model::{Advisory, Timestamp};

use crate::database::{DatabaseError, Enrichment};

/// Takes the records of one source.
pub struct Intake<'i> {
    /// Facts beside advisories.
    pub enrichment: &'i mut Enrichment,
    records: &'i mut dyn FnMut(Advisory) -> Result<(), DatabaseError>,
    report: FeedReport,
    failed: Option<DatabaseError>,
}

/// What came of a source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeedReport {
    /// Name of the source.
    pub name: String,
    /// Records kept.
    pub records: u64,
    /// Newest date of change in any of them.
    pub newest: Option<Timestamp>,
    /// Number of records that were left out.
    pub rejected: u64,
    /// The first of them.
    pub named: Vec<Rejected>,
    /// Ecosystems that are not known, and how often they came.
    pub unknown_ecosystems: BTreeMap<String, u64>,
}

/// A record that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Its id, or what is known of where it was: a file, a line.
    pub id: String,
    /// What is wrong with it.
    pub why: String,
}

/// So many rejected records are named, and as many unknown ecosystems; the others are counted.
const NAMED: usize = 1000;
/// Longer texts of a rejected record are cut.
const SHOWN: usize = 300;

impl<'i> Intake<'i> {
    /// For a source; `records` gets every advisory.
    pub fn new(
        name: impl Into<String>,
        enrichment: &'i mut Enrichment,
        records: &'i mut dyn FnMut(Advisory) -> Result<(), DatabaseError>,
    ) -> Self {
        let report = FeedReport { name: name.into(), ..FeedReport::default() };
        Self { enrichment, records, report, failed: None }
    }

    /// Name of the source.
    pub fn name(&self) -> &str {
        &self.report.name
    }

    /// Takes an advisory.
    pub fn advisory(&mut self, advisory: Advisory) {
        if self.failed.is_none() {
            self.count(advisory.modified);
            self.failed = (self.records)(advisory).err();
        }
    }

    /// Counts a record that the reader itself has put into the enrichment.
    pub fn count(&mut self, changed: Option<Timestamp>) {
        self.report.records += 1;
        self.dated(changed);
    }

    /// The source has changed at this time.
    pub fn dated(&mut self, changed: Option<Timestamp>) {
        self.report.newest = self.report.newest.max(changed);
    }

    /// Leaves a record out.
    pub fn reject(&mut self, id: &str, why: &dyn Display) {
        self.report.rejected += 1;
        if self.report.named.len() < NAMED {
            let cut = |text: &str| text.chars().take(SHOWN).collect::<String>();
            self.report.named.push(Rejected { id: cut(id), why: cut(&why.to_string()) });
        }
    }

    /// Counts an ecosystem that nothing can be decided in.
    pub fn unknown_ecosystem(&mut self, name: &str) {
        let known = &mut self.report.unknown_ecosystems;
        if known.len() < NAMED || known.contains_key(name) {
            *known.entry(name.chars().take(SHOWN).collect()).or_default() += 1;
        }
    }

    /// Records and rejected ones so far.
    pub fn seen(&self) -> u64 {
        self.report.records.saturating_add(self.report.rejected)
    }

    /// The figures; an error where the records could not be taken.
    pub fn finish(self) -> Result<FeedReport, DatabaseError> {
        match self.failed {
            Some(error) => Err(error),
            None => Ok(self.report),
        }
    }
}

//! Reading feeds in tests, and the mirror of real ones where there is one.
#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses a part of it")]

use std::env;
use std::path::{Path, PathBuf};

use plimsoll_advisory::database::{DatabaseError, Enrichment};
use plimsoll_advisory::feeds::{ALL, Feed, FeedError, FeedFile, FeedReport, Intake, Source};
use plimsoll_model::Advisory;

/// The mirror, or `None` and a word about it.
pub(crate) fn mirror() -> Option<PathBuf> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let shared = env::var_os("PLIMSOLL_SHARED").map_or_else(|| default.into(), PathBuf::from);
    let mirror = shared.join("data/mirror");
    if mirror.is_dir() {
        return Some(mirror);
    }
    println!("skipped: no mirror of feeds in `{}`", mirror.display());
    None
}

/// The files of a source that a mirror has.
pub(crate) fn files(mirror: &Path, source: &Source) -> Vec<FeedFile> {
    let file = |part: &plimsoll_advisory::feeds::Part| FeedFile {
        part: part.path.clone(),
        path: mirror.join(&part.path),
    };
    source.parts.iter().map(file).filter(|file| file.path.exists()).collect()
}

/// What came of reading.
pub(crate) struct Read {
    pub(crate) records: Vec<Advisory>,
    pub(crate) report: FeedReport,
    pub(crate) result: Result<(), FeedError>,
}

impl Read {
    /// Rejected records, a line each.
    pub(crate) fn rejected(&self) -> String {
        let lines = self.report.named.iter().map(|r| format!("{}: {}\n", r.id, r.why));
        lines.collect()
    }
}

/// Reads files as a source of a feed.
pub(crate) fn read(
    feed: &dyn Feed,
    name: &str,
    files: &[FeedFile],
    enrichment: &mut Enrichment,
) -> Read {
    let mut records = Vec::new();
    let mut add = |record| -> Result<(), DatabaseError> {
        records.push(record);
        Ok(())
    };
    let mut intake = Intake::new(name, enrichment, &mut add);
    let result = feed.read(files, &mut intake);
    let report = intake.finish().unwrap();
    Read { records, report, result }
}

/// The feed that has a source of this name.
pub(crate) fn feed(name: &str) -> &'static dyn Feed {
    *ALL.iter().find(|feed| feed.sources().iter().any(|source| source.name == name)).unwrap()
}

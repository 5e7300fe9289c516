//! From mirrors to a new database in place of the old one.
//!
//! A source that no mirror has whole is named; the rest is compiled. Should that cost a feed more
//! than half of its records against the present database, the present one stays: a publisher's
//! accident would otherwise look like good news.

use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_model::{FeedStatus, Timestamp};

use super::compile::{Compiled, Compiler};
use super::lock::Lock;
use super::{Database, DatabaseError, Enrichment, replace};
use crate::feeds::{
    self, Downloads, Feed, FeedFile, FeedReport, Fetched, Intake, Mirror, Patience, Source,
};

/// After so many missing files in a row, nobody asks for the next one.
const PROBES: u32 = 4;

/// How a database is brought up to date.
#[derive(Debug, Clone)]
pub struct Update {
    /// The database; downloads are kept in `feeds/` beside it.
    pub file: PathBuf,
    /// Asked in this order for each source.
    pub mirrors: Vec<Mirror>,
    /// Whether a feed may lose more than half of its records.
    pub accept_jump: bool,
    /// Whether the starter set's facts fill in where no feed speaks of a weakness.
    pub starter_fills_in: bool,
    /// How long to wait for another update to end.
    pub wait: Duration,
    /// How patient downloads are.
    pub patience: Patience,
    /// The time to be written as that of compiling.
    pub now: Timestamp,
}

/// What an update is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step<'s> {
    /// Asks a mirror for a file.
    Fetching(&'s str),
    /// Bytes of it so far, and in all where that is known.
    Received(u64, Option<u64>),
    /// Reads the records of a source.
    Reading(&'s str),
    /// Writes the database.
    Writing,
}

/// What came of an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Updated {
    /// Figures.
    pub compiled: Compiled,
    /// What came of each source.
    pub reports: Vec<FeedReport>,
    /// What went wrong, in the order of happening.
    pub problems: Vec<UpdateProblem>,
}

/// Something that went wrong with a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateProblem {
    /// Name of the source.
    pub feed: String,
    /// What happened.
    pub why: String,
    /// Whether another mirror had it whole.
    pub recovered: bool,
}

/// A feed that lost more than half of its records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jump {
    /// Name of the source.
    pub feed: String,
    /// Records in the present database.
    pub before: u64,
    /// Records that were read now.
    pub now: u64,
}

impl Update {
    /// Fetches, compiles, checks and replaces.
    pub fn run(&self, on: &dyn Fn(Step<'_>)) -> Result<Updated, DatabaseError> {
        let folder = replace::folder(&self.file);
        let _lock = Lock::take(folder, self.wait, self.now)?;
        replace::clean(folder)?;
        let progress = |done, all| on(Step::Received(done, all));
        let downloads =
            Downloads::new(folder.join("feeds"), self.patience.clone(), self.now, &progress);
        let mut work = Work {
            update: self,
            on,
            downloads,
            compiler: Compiler::new(),
            enrichment: Enrichment { compiled: Some(self.now), ..Enrichment::default() },
            reports: Vec::new(),
            problems: Vec::new(),
        };
        for feed in feeds::ALL {
            for source in feed.sources() {
                work.source(*feed, &source)?;
            }
        }
        if self.starter_fills_in {
            work.starter()?;
        }
        on(Step::Writing);
        work.finish()
    }
}

struct Work<'w> {
    update: &'w Update,
    on: &'w dyn Fn(Step<'_>),
    downloads: Downloads<'w>,
    compiler: Compiler,
    enrichment: Enrichment,
    reports: Vec<FeedReport>,
    problems: Vec<UpdateProblem>,
}

impl Work<'_> {
    /// Reads a source from the first mirror that has it whole.
    fn source(&mut self, feed: &dyn Feed, source: &Source) -> Result<(), DatabaseError> {
        let first_problem = self.problems.len();
        for mirror in &self.update.mirrors {
            let before = self.problems.len();
            let files = self.fetch(mirror, source);
            if files.is_empty() {
                continue;
            }
            (self.on)(Step::Reading(&source.name));
            let parts: Vec<FeedFile> = files
                .iter()
                .map(|(part, fetched)| FeedFile { part: part.clone(), path: fetched.path.clone() })
                .collect();
            let compiler = &mut self.compiler;
            let mut add = |advisory| compiler.add(&advisory);
            let mut intake = Intake::new(&source.name, &mut self.enrichment, &mut add);
            let read = feed.read(&parts, &mut intake);
            let report = intake.finish()?;
            if let Err(error) = read {
                self.problem(source, error.to_string());
                continue;
            }
            let whole = self.problems.len() == before;
            self.enrichment.feeds.push(status(&report, mirror, source, &files));
            self.reports.push(report);
            for problem in self.problems.iter_mut().skip(first_problem).filter(|_| whole) {
                problem.recovered = true;
            }
            break;
        }
        Ok(())
    }

    /// Famous advisories of languages that no feed speaks of: a mirror may lack a feed. Of the
    /// others the level and the title are kept for records that have none, but nothing is judged
    /// by them: what a distribution is to be judged by is its own feed alone.
    fn starter(&mut self) -> Result<(), DatabaseError> {
        let (records, known) = feeds::starter()?;
        for mut record in records.into_iter().filter(|_| !self.reports.is_empty()) {
            let is_language = record.affected.iter().all(|a| a.ecosystem.release().is_none());
            if !is_language || self.compiler.speaks_of(&record) {
                record.affected.clear();
            }
            self.compiler.add(&record)?;
        }
        for (cve, entry) in known.kev {
            self.enrichment.kev.entry(cve).or_insert(entry);
        }
        Ok(())
    }

    /// The files that a mirror has of a source.
    fn fetch(&mut self, mirror: &Mirror, source: &Source) -> Vec<(String, Fetched)> {
        let mut files = Vec::new();
        let (mut seen, mut missing) = (false, 0);
        for part in &source.parts {
            if part.probe && seen && missing >= PROBES {
                break;
            }
            (self.on)(Step::Fetching(&part.path));
            match mirror.fetch(part, &self.downloads) {
                Ok(Some(fetched)) => {
                    seen |= part.probe;
                    missing = 0;
                    files.push((part.path.clone(), fetched));
                }
                Ok(None) => missing += 1,
                Err(error) => {
                    self.problem(source, error.to_string());
                    // Nor will it answer for the other files, each after as many attempts.
                    break;
                }
            }
        }
        files
    }

    fn problem(&mut self, source: &Source, why: String) {
        self.problems.push(UpdateProblem { feed: source.name.clone(), why, recovered: false });
    }

    fn finish(self) -> Result<Updated, DatabaseError> {
        if self.reports.is_empty() {
            let mirrors: Vec<String> =
                self.update.mirrors.iter().map(ToString::to_string).collect();
            return Err(DatabaseError::NoFeeds {
                mirrors: mirrors.join(", "),
                why: self.problems.into_iter().next().map(|problem| problem.why),
            });
        }
        let file = &self.update.file;
        let (bytes, compiled) = self.compiler.finish(&self.enrichment)?;
        if !self.update.accept_jump {
            let jumps = jumps(file, &compiled.feeds);
            if !jumps.is_empty() {
                return Err(DatabaseError::Jump { jumps });
            }
        }
        replace::write(file, &bytes)?;
        Ok(Updated { compiled, reports: self.reports, problems: self.problems })
    }
}

/// Feeds that lose more than half of their records. A database that cannot be opened has none.
fn jumps(file: &Path, compiled: &[FeedStatus]) -> Vec<Jump> {
    let Ok(present) = Database::open(file) else { return Vec::new() };
    let now =
        |name: &str| compiled.iter().find(|feed| feed.name == name).map_or(0, |feed| feed.records);
    let jump = |old: FeedStatus| {
        let now = now(&old.name);
        (now < old.records - old.records / 2).then_some(Jump {
            before: old.records,
            now,
            feed: old.name,
        })
    };
    // The starter set only fills gaps: it shrinks as feeds come in.
    let published = |feed: &FeedStatus| feed.name != feeds::STARTER;
    present.data().feeds.into_iter().filter(published).filter_map(jump).collect()
}

fn status(
    report: &FeedReport,
    mirror: &Mirror,
    source: &Source,
    files: &[(String, Fetched)],
) -> FeedStatus {
    let from = match files {
        [(_, only)] if source.parts.len() == 1 => only.from.clone(),
        _ => mirror.to_string(),
    };
    FeedStatus {
        name: report.name.clone(),
        source: from,
        records: report.records,
        rejected: report.rejected,
        newest: report.newest,
        fetched: files.iter().filter_map(|(_, file)| file.at).max(),
    }
}

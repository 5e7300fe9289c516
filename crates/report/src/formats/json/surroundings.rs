//! What stands around the findings in `plimsoll.scan/v1`: the target, its layers, the advisories.
//!
//! The path of the local database and the image's environment are left out: a report travels,
//! and both can say more than its sender wants.

use plimsoll_model::{
    AdvisoryData, Artifact, Distro as Release, Layer as Stored, Problem as Odd, ProblemKind, Scan,
    Severity, Undecided as Open, Verdict as Judged,
};
use serde::Serialize;

use crate::tally::Tally;

#[derive(Debug, Serialize)]
pub(super) struct Target<'s> {
    reference: &'s str,
    source: &'s str,
    names: &'s [String],
    manifest_digest: Option<String>,
    config_digest: Option<String>,
    platform: Option<String>,
    created: Option<String>,
    size: u64,
}

impl<'s> Target<'s> {
    pub(super) fn of(artifact: &'s Artifact) -> Self {
        Self {
            reference: &artifact.reference,
            source: &artifact.source,
            names: &artifact.names,
            manifest_digest: artifact.manifest_digest.as_ref().map(ToString::to_string),
            config_digest: artifact.config_digest.as_ref().map(ToString::to_string),
            platform: artifact.platform.as_ref().map(ToString::to_string),
            created: artifact.created.map(|at| at.to_string()),
            size: artifact.size,
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Distro<'s> {
    id: &'s str,
    version: &'s str,
    codename: Option<&'s str>,
    name: &'s str,
    ecosystem: Option<String>,
    end_of_life: Option<String>,
}

impl<'s> Distro<'s> {
    pub(super) fn of(release: &'s Release) -> Self {
        Self {
            id: &release.id,
            version: &release.version,
            codename: release.codename.as_deref(),
            name: &release.name,
            ecosystem: release.ecosystem.as_ref().map(ToString::to_string),
            end_of_life: release.end_of_life.map(plimsoll_model::Timestamp::date),
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Layer<'s> {
    index: u32,
    digest: Option<String>,
    diff_id: Option<String>,
    created_by: &'s str,
    size: u64,
    media_type: &'s str,
}

impl<'s> Layer<'s> {
    pub(super) fn of(index: u32, layer: &'s Stored) -> Self {
        Self {
            index,
            digest: layer.digest.as_ref().map(ToString::to_string),
            diff_id: layer.diff_id.as_ref().map(ToString::to_string),
            created_by: &layer.created_by,
            size: layer.size,
            media_type: &layer.media_type,
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Undecided<'s> {
    package: &'s str,
    version: &'s str,
    advisory: Option<&'s str>,
    why: &'s str,
}

impl<'s> Undecided<'s> {
    pub(super) fn of(open: &'s Open) -> Self {
        Self {
            package: &open.package,
            version: &open.version,
            advisory: Some(open.advisory.as_str()).filter(|id| !id.is_empty()),
            why: &open.why,
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Problem<'s> {
    kind: &'static str,
    path: &'s str,
    layer: Option<u32>,
    line: Option<u32>,
    message: &'s str,
}

impl<'s> Problem<'s> {
    pub(super) fn of(problem: &'s Odd) -> Self {
        Self {
            kind: match problem.kind {
                ProblemKind::Partial => "partial",
                ProblemKind::Skipped => "skipped",
                ProblemKind::Note => "note",
            },
            path: &problem.path,
            layer: problem.layer,
            line: problem.line,
            message: &problem.message,
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Verdict<'s> {
    pass: bool,
    exit_code: u8,
    failed: Vec<Gate<'s>>,
}

#[derive(Debug, Serialize)]
struct Gate<'s> {
    #[serde(rename = "gate")]
    name: &'s str,
    reason: &'s str,
    exit_code: u8,
}

impl<'s> Verdict<'s> {
    pub(super) fn of(verdict: &'s Judged) -> Self {
        let failed = verdict.failed.iter().map(|reason| Gate {
            name: &reason.gate,
            reason: &reason.reason,
            exit_code: reason.exit_code,
        });
        Self { pass: verdict.is_pass(), exit_code: verdict.exit_code(), failed: failed.collect() }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Data<'s> {
    starter: bool,
    compiled: Option<String>,
    newest: Option<String>,
    feeds: Vec<Feed<'s>>,
}

#[derive(Debug, Serialize)]
struct Feed<'s> {
    name: &'s str,
    source: &'s str,
    records: u64,
    rejected: u64,
    newest: Option<String>,
    fetched: Option<String>,
}

impl<'s> Data<'s> {
    pub(super) fn of(data: &'s AdvisoryData) -> Self {
        let feeds = data.feeds.iter().map(|feed| Feed {
            name: &feed.name,
            source: &feed.source,
            records: feed.records,
            rejected: feed.rejected,
            newest: feed.newest.map(|at| at.to_string()),
            fetched: feed.fetched.map(|at| at.to_string()),
        });
        Self {
            starter: data.starter,
            compiled: data.compiled.map(|at| at.to_string()),
            newest: data.newest().map(|at| at.to_string()),
            feeds: feeds.collect(),
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Summary {
    packages: usize,
    findings: usize,
    severities: Severities,
    fixable: usize,
    exploited: usize,
    suppressed: usize,
    undecided: usize,
    packages_to_update: usize,
    partial: bool,
}

#[derive(Debug, Serialize)]
struct Severities {
    critical: usize,
    high: usize,
    medium: usize,
    low: usize,
    negligible: usize,
    unknown: usize,
}

impl Summary {
    pub(super) fn of(scan: &Scan) -> Self {
        let tally = Tally::of(scan);
        let count = |level| {
            tally.levels.iter().find(|(known, _)| *known == level).map_or(0, |(_, count)| *count)
        };
        Self {
            packages: scan.inventory.present().count(),
            findings: tally.findings,
            severities: Severities {
                critical: count(Severity::Critical),
                high: count(Severity::High),
                medium: count(Severity::Medium),
                low: count(Severity::Low),
                negligible: count(Severity::Negligible),
                unknown: count(Severity::Unknown),
            },
            fixable: tally.fixable,
            exploited: tally.exploited,
            suppressed: tally.suppressed,
            undecided: scan.undecided.len(),
            packages_to_update: tally.to_update,
            partial: scan.inventory.is_partial(),
        }
    }
}

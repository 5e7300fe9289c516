//! `plimsoll.base/v1`: all that is known of each base, and all moves.
//!
//! What is not known is left out, so that no reader takes it for a zero.

use std::io::{self, Write};

use plimsoll_build::advice::{Candidate, FindingCounts, Move, Scope, Trap};
use plimsoll_build::bases::{Base, Libc, PackageManager};
use plimsoll_model::Timestamp;
use serde::Serialize;

use super::{BaseFormat, Comparison};
use crate::Style;

pub(super) const FORMAT: BaseFormat =
    BaseFormat { name: "json", about: "everything known (plimsoll.base/v1)", write };

#[derive(Serialize)]
struct Document<'c> {
    schema: &'static str,
    today: String,
    comparisons: Vec<Compared<'c>>,
}

#[derive(Serialize)]
struct Compared<'c> {
    current: Entry<'c>,
    candidates: Vec<Entry<'c>>,
    moves: Vec<Way<'c>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recommended: Option<&'c str>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
struct Entry<'c> {
    image: &'c str,
    /// `measured` or `facts`.
    known_by: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    as_of: Option<String>,
    source: &'c str,
    #[serde(skip_serializing_if = "Option::is_none")]
    only_for: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    distribution: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    package_manager: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    libc: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shell: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    root_by_default: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compressed_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unpacked_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sizes_as_of: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    packages: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    findings: Option<Counts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<String>,
    lifetimes: Vec<Lifetime<'c>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<bool>,
}

#[derive(Serialize)]
struct Counts {
    critical: u64,
    high: u64,
    medium: u64,
    low: u64,
    other: u64,
}

#[derive(Serialize)]
struct Lifetime<'c> {
    of: &'c str,
    end: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    extended: Option<String>,
}

#[derive(Serialize)]
struct Way<'c> {
    to: &'c str,
    removed_percent: i64,
    told_by: &'static str,
    leaves_ended: bool,
    cost: u64,
    points: i64,
    traps: Vec<String>,
}

fn write(all: &[Comparison], _: &Style, out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        schema: "plimsoll.base/v1",
        today: all.first().map(|comparison| comparison.today.date()).unwrap_or_default(),
        comparisons: all.iter().map(compared).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn compared(comparison: &Comparison) -> Compared<'_> {
    let name = |way: &Move| {
        comparison.candidates.get(way.to).map_or("", |candidate| candidate.base.name.as_str())
    };
    Compared {
        current: image(&comparison.current, comparison.today),
        candidates: comparison.candidates.iter().map(|c| image(c, comparison.today)).collect(),
        moves: comparison.advice.moves.iter().map(|way| step(way, name(way))).collect(),
        recommended: comparison.advice.recommended.as_ref().map(name),
    }
}

fn step<'c>(way: &Move, to: &'c str) -> Way<'c> {
    Way {
        to,
        removed_percent: way.removed,
        told_by: way.basis.name(),
        leaves_ended: way.leaves_ended,
        cost: way.cost,
        points: way.points,
        traps: way.traps.iter().map(Trap::to_string).collect(),
    }
}

fn image(candidate: &Candidate, today: Timestamp) -> Entry<'_> {
    let base: &Base = &candidate.base;
    let counts = |counts: FindingCounts| Counts {
        critical: counts.critical,
        high: counts.high,
        medium: counts.medium,
        low: counts.low,
        other: counts.other,
    };
    Entry {
        image: &base.name,
        known_by: if base.measured { "measured" } else { "facts" },
        as_of: base.as_of.map(Timestamp::date),
        source: &base.source,
        only_for: (candidate.scope == Scope::FinalStage).then_some("final_stage"),
        distribution: base.distro.as_ref().map(ToString::to_string),
        package_manager: base.package_manager.map(PackageManager::name),
        libc: base.libc.map(Libc::name),
        shell: base.shell.as_ref().map(|shell| shell.kind.name()),
        user: base.user.as_deref(),
        root_by_default: base.is_root_by_default(),
        compressed_bytes: base.size.compressed,
        unpacked_bytes: base.size.unpacked,
        sizes_as_of: base.size_as_of.map(Timestamp::date),
        packages: base.packages,
        findings: candidate.findings.map(counts),
        created: candidate.created.map(|created| created.to_string()),
        lifetimes: base
            .lifetimes
            .iter()
            .map(|lifetime| Lifetime {
                of: &lifetime.of,
                end: lifetime.end.date(),
                extended: lifetime.extended.map(Timestamp::date),
            })
            .collect(),
        ended: base.has_ended(today),
    }
}

//! Plimsoll's own JSON of a scan, schema `plimsoll.scan/v1`.
//!
//! What is written here is a promise: fields may be added within `v1`, none is renamed or taken
//! away. `docs/scan-json.md` describes them and `docs/schema/scan-v1.schema.json` checks them.

mod finding;
mod surroundings;

use std::io::{self, Write};

use plimsoll_model::Scan;
use serde::Serialize;

use self::finding::Finding;
use self::surroundings::{Data, Distro, Layer, Problem, Summary, Target, Undecided, Verdict};
use super::Format;
use crate::Style;

pub(super) const FORMAT: Format = Format {
    name: "json",
    about: "everything, in the schema plimsoll.scan/v1",
    needs_loaded: false,
    write,
};

#[derive(Debug, Serialize)]
struct Document<'s> {
    schema: &'static str,
    tool: Tool,
    scanned_at: Option<String>,
    target: Target<'s>,
    distro: Option<Distro<'s>>,
    layers: Vec<Layer<'s>>,
    findings: Vec<Finding<'s>>,
    undecided: Vec<Undecided<'s>>,
    problems: Vec<Problem<'s>>,
    verdict: Verdict<'s>,
    data: Data<'s>,
    summary: Summary,
}

#[derive(Debug, Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

fn write(scan: &Scan, _: &Style, out: &mut dyn Write) -> io::Result<()> {
    let inventory = &scan.inventory;
    let document = Document {
        schema: "plimsoll.scan/v1",
        tool: Tool { name: "plimsoll", version: env!("CARGO_PKG_VERSION") },
        scanned_at: scan.scanned_at.map(|at| at.to_string()),
        target: Target::of(&inventory.artifact),
        distro: inventory.distro.as_ref().map(Distro::of),
        layers: (0..).zip(&inventory.layers).map(|(at, layer)| Layer::of(at, layer)).collect(),
        findings: scan.findings.iter().map(|finding| Finding::of(finding, inventory)).collect(),
        undecided: scan.undecided.iter().map(Undecided::of).collect(),
        problems: inventory.problems.iter().map(Problem::of).collect(),
        verdict: Verdict::of(&scan.verdict),
        data: Data::of(&scan.data),
        summary: Summary::of(scan),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

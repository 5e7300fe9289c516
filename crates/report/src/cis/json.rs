//! Every check, for programs.

use std::io::{self, Write};

use plimsoll_kube::cis::{BENCHMARK, Chapter};
use serde_json::{Value, json};

use super::{CisFormat, CisReport};
use crate::Style;

pub(super) const FORMAT: CisFormat =
    CisFormat { name: "json", about: "every check, in a layout of our own", write };

/// The name and version of the layout.
const SCHEMA: &str = "plimsoll.cis-node/v1";

fn write(report: &CisReport<'_>, _: &Style, out: &mut dyn Write) -> io::Result<()> {
    let found = report.found;
    let chapter = |id: &str| {
        let own = Chapter::ALL.iter().find(|one| one.checks.iter().any(|check| check.id == id));
        own.map(|one| one.id)
    };
    let checks: Vec<Value> = found
        .checks
        .iter()
        .map(|(check, state)| {
            json!({ "id": check.id, "chapter": chapter(check.id), "title": check.title,
                "manual": check.is_manual, "severity": check.severity(), "state": state.word(),
                "messages": state.said(), "remedy": check.remedy })
        })
        .collect();
    let parts: Vec<Value> = found
        .parts
        .iter()
        .map(|(role, place)| json!({ "name": role.name(), "seen": place }))
        .collect();
    let count = |word| found.count(word);
    let document = json!({
        "schema": SCHEMA,
        "benchmark": BENCHMARK,
        "node": report.name,
        "parts": parts,
        "totals": { "pass": count("pass"), "fail": count("fail"), "manual": count("manual"),
            "absent": count("absent"), "unread": count("unread") },
        "checks": checks,
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

//! Every proposal, for programs.

use std::io::{self, Write};

use plimsoll_model::Severity;
use plimsoll_model::gate::Place;
use plimsoll_model::update::{NotKnown, Proposal, Updates};
use serde_json::{Value, json};

use super::UpdateFormat;
use crate::Style;

pub(super) const FORMAT: UpdateFormat =
    UpdateFormat { name: "json", about: "every proposal, in a layout of our own", write };

/// The name and version of the layout.
const SCHEMA: &str = "plimsoll.update/v1";

fn write(updates: &Updates, _: &Style, out: &mut dyn Write) -> io::Result<()> {
    let document = json!({
        "schema": SCHEMA,
        "files": updates.files,
        "looked_at": updates.looked_at,
        "proposals": updates.proposals.iter().map(proposal).collect::<Vec<_>>(),
        "failed": updates.failed.iter().map(not_known).collect::<Vec<_>>(),
        "passed_over": updates.passed_over.iter().map(not_known).collect::<Vec<_>>(),
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn place(one: &Place) -> Value {
    let known = |number: u32| (number > 0).then_some(number);
    json!({ "file": one.file, "line": known(one.line), "column": known(one.column) })
}

fn proposal(one: &Proposal) -> Value {
    let ids = |all: &[(Severity, String)]| -> Vec<Value> {
        all.iter().map(|(severity, id)| json!({ "id": id, "severity": severity.name() })).collect()
    };
    let clears = one.clears.as_ref().map(|it| {
        json!({
            "before": it.before, "after": it.after, "gone": ids(&it.gone), "new": ids(&it.new),
        })
    });
    json!({
        "kind": one.kind.name(), "place": place(&one.place), "name": one.name, "from": one.from,
        "to": one.to, "step": one.step, "clears": clears, "written": one.written,
    })
}

fn not_known(one: &NotKnown) -> Value {
    json!({ "place": place(&one.place), "name": one.name, "why": one.why })
}

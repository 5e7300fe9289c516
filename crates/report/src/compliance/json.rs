//! All controls with all that is against them, for programs.

use std::io::{self, Write};

use plimsoll_kube::compliance::{Control, Report, State};
use serde_json::{Value, json};

use super::{ComplianceFormat, word};
use crate::Style;

pub(super) const FORMAT: ComplianceFormat =
    ComplianceFormat { name: "json", about: "all that is against each control", write };

/// The name and version of the layout.
const SCHEMA: &str = "plimsoll.compliance/v1";

fn write(report: &Report, _: &Style, out: &mut dyn Write) -> io::Result<()> {
    let standard = report.standard;
    let controls: Vec<Value> =
        report.controls.iter().map(|(one, state)| control(one, state)).collect();
    let document = json!({
        "schema": SCHEMA,
        "standard": { "id": standard.id, "title": standard.title, "source": standard.source },
        "score": {
            "percent": report.score(),
            "passed": report.passed(),
            "failed": report.failed(),
            "notJudged": report.not_judged(),
        },
        "controls": controls,
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn control(control: &Control, state: &State) -> Value {
    let failures: &[_] = if let State::Fail(failures) = state { failures } else { &[] };
    let failures: Vec<Value> = failures
        .iter()
        .map(|one| {
            json!({
                "file": one.file, "line": one.line, "message": one.message, "rule": one.rule,
            })
        })
        .collect();
    json!({
        "id": control.id,
        "title": control.title,
        "severity": control.severity,
        "state": word(state),
        "why": if let State::NotJudged(why) = state { Some(why) } else { None },
        "rules": control.rules().collect::<Vec<_>>(),
        "failures": failures,
    })
}

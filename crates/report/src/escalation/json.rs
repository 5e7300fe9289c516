//! Each way with its rights, for programs.

use std::io::{self, Write};

use plimsoll_kube::rbac::{Path, Place, Step};
use serde_json::{Value, json};

use super::{EscalationFormat, Escalations};
use crate::Style;

pub(super) const FORMAT: EscalationFormat =
    EscalationFormat { name: "json", about: "each way with its rights", write };

/// The name and version of the layout.
const SCHEMA: &str = "plimsoll.rbac-paths/v1";

fn write(found: &Escalations<'_>, _: &Style, out: &mut dyn Write) -> io::Result<()> {
    let paths: Vec<Value> = found.paths.iter().map(|path| self::path(found, path)).collect();
    let subjects = found.access.subjects().count();
    let document = json!({
        "schema": SCHEMA,
        "whole": found.is_whole,
        "subjects": subjects,
        "paths": paths,
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn path(found: &Escalations<'_>, path: &Path<'_>) -> Value {
    let steps: Vec<Value> = path.steps.iter().map(step).collect();
    json!({
        "from": path.from.to_string(),
        "workloads": found.access.workloads(path.from).collect::<Vec<_>>(),
        "steps": steps,
    })
}

fn step(step: &Step<'_>) -> Value {
    let by = step.by.map(|(binding, grant)| {
        json!({
            "binding": binding.name,
            "bindingAt": place(&binding.place),
            "role": binding.role,
            "ruleAt": place(&grant.place),
            "verbs": grant.verbs,
            "apiGroups": grant.groups,
            "resources": grant.resources,
            "resourceNames": grant.names,
        })
    });
    json!({ "may": step.how, "becomes": step.becomes, "by": by })
}

fn place(place: &Place) -> Value {
    if *place == Place::default() {
        Value::Null
    } else {
        json!({ "file": place.file, "line": place.line })
    }
}

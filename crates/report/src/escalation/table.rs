//! Each way step by step, with the places of the rights; for people.

use std::io::{self, Write};

use super::{EscalationFormat, Escalations};
use crate::style::{Role, Style};
use crate::text;

pub(super) const FORMAT: EscalationFormat =
    EscalationFormat { name: "table", about: "each way step by step", write };

/// How many workloads are named that run as somebody.
const NAMED: usize = 3;

fn write(found: &Escalations<'_>, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let subjects = text::plural(found.access.subjects().count(), "subject");
    if found.paths.is_empty() && !found.is_whole {
        return writeln!(
            out,
            "No way to the whole cluster is in what could be read, which has {subjects}; there may be \
             one in what could not."
        );
    }
    if found.paths.is_empty() {
        return writeln!(out, "Nobody of {subjects} can come to the whole cluster.");
    }
    for path in &found.paths {
        let name = style.paint(Role::Strong, &text::one_line(&path.from.to_string()));
        let steps = text::plural(path.steps.len(), "step");
        writeln!(out, "{name} comes to the whole cluster in {steps}{}", runs(found, path))?;
        for (number, step) in path.steps.iter().enumerate() {
            let becomes = step.becomes.as_deref().map(|who| format!(" → {who}"));
            let line = format!("may {}{}", step.how, becomes.unwrap_or_default());
            writeln!(out, "  {}. {}", number + 1, text::one_line(&line))?;
            let origin = style.paint(Role::Faint, &text::one_line(&step.origin()));
            writeln!(out, "     {origin}")?;
        }
    }
    let count = found.paths.len();
    let at_least = if found.is_whole { "" } else { "At least " };
    writeln!(out, "\n{at_least}{count} of {subjects} can come to the whole cluster.")
}

/// The workloads through which somebody is got at.
fn runs(found: &Escalations<'_>, path: &plimsoll_kube::rbac::Path<'_>) -> String {
    let workloads: Vec<&str> = found.access.workloads(path.from).collect();
    if workloads.is_empty() {
        return String::new();
    }
    let shown: Vec<String> =
        workloads.iter().take(NAMED).map(|name| text::one_line(name)).collect();
    let more = workloads.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let run = if workloads.len() == 1 { "runs" } else { "run" };
    format!(" ({}{more} {run} as it)", shown.join(", "))
}

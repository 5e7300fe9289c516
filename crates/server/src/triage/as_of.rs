//! Which findings were open at a time, as they were told then.

use std::collections::HashMap;

use crate::error::Result;
use crate::moment::Millis;
use crate::store::findings::Stored;
use crate::store::{Connection, triage};

/// Findings as they were.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AsOf {
    /// Those that were open then, with what they said then.
    pub findings: Vec<Stored>,
    /// The number of the last one looked at; `None` where there are no more.
    pub next: Option<i64>,
}

/// Findings with a number above `after` that were open at `at`, at most `limit`.
pub async fn as_of(
    connection: &mut Connection,
    at: Millis,
    after: i64,
    limit: i64,
) -> Result<AsOf> {
    let mut findings = triage::open_at(connection, at, after, limit + 1).await?;
    let is_last = i64::try_from(findings.len()).unwrap_or(i64::MAX) <= limit;
    findings.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = findings.last().filter(|_| !is_last).map(|it| it.id);
    let ids: Vec<i64> = findings.iter().map(|it| it.id).collect();
    let mut later: HashMap<i64, Vec<String>> = HashMap::new();
    for (id, detail) in triage::changes_after(connection, &ids, at).await? {
        later.entry(id).or_default().push(detail);
    }
    for finding in &mut findings {
        for detail in later.get(&finding.id).into_iter().flatten() {
            undo(finding, detail);
        }
        finding.is_open = true;
        finding.resolved_at = None;
    }
    Ok(AsOf { findings, next })
}

/// Takes back what an event says that it changed; the newest event comes first.
fn undo(finding: &mut Stored, detail: &str) {
    for change in detail.split("; ") {
        let Some((what, change)) = change.split_once(": ") else { continue };
        let Some((before, _)) = change.split_once(" → ") else { continue };
        let text = if before == "none" { "" } else { before };
        match what {
            "severity" => {
                if let Ok(severity) = before.parse() {
                    finding.severity = crate::store::findings::severity_number(severity);
                }
            }
            "fix" => text.clone_into(&mut finding.fix_state),
            "fixed in" => text.clone_into(&mut finding.fixed_in),
            "exploited" => finding.kev = before == "yes",
            _ => {}
        }
    }
}

//! SARIF 2.1.0: a result for each violation, with the exceptions as suppressions.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use std::collections::BTreeMap;
use std::io::{self, Write};

use plimsoll_model::gate::{Decision, Effect, Rule, Ruling, State, Violation};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{GateFormat, Looks};
use crate::bounded::{MAX_RESULTS, gravest};
use crate::escape;

pub(super) const FORMAT: GateFormat =
    GateFormat { name: "sarif", about: "SARIF 2.1.0, for code scanning", write };

fn write(decision: &Decision, _: &Looks<'_>, out: &mut dyn Write) -> io::Result<()> {
    let found = decision
        .rulings
        .iter()
        .flat_map(|ruling| ruling.violations.iter().map(move |violation| (ruling, violation)));
    let (found, left_out) =
        gravest(found.collect(), |(ruling, _): &(&Ruling, &Violation)| ruling.effect, MAX_RESULTS);
    let mut indexes: BTreeMap<&str, usize> = BTreeMap::new();
    let mut rules = Vec::new();
    let mut results = Vec::new();
    let mut prints: BTreeMap<String, usize> = BTreeMap::new();
    for (ruling, violation) in found {
        let index = *indexes.entry(ruling.rule.id).or_insert_with(|| {
            rules.push(rule(ruling.rule));
            rules.len().saturating_sub(1)
        });
        let print = fingerprint(ruling, violation);
        let times = prints.entry(print.clone()).or_insert(0);
        *times = times.saturating_add(1);
        results.push(result(ruling, violation, index, &format!("{print}:{times}"), decision));
    }
    let unknown = decision.rulings.iter().filter(|one| one.state == State::Unknown);
    let mut notifications: Vec<Value> = unknown
        .map(|one| {
            let level = if one.effect == Effect::Deny { "error" } else { "warning" };
            let text = format!("{} of {}: {}", one.rule.id, one.subject, one.why);
            json!({
                "level": level,
                "message": { "text": escape::message(&text) },
                "associatedRule": { "id": one.rule.id },
            })
        })
        .collect();
    notifications
        .extend(left_out.map(|why| json!({ "level": "warning", "message": { "text": why } })));
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "Plimsoll",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": "https://github.com/plimsoll/plimsoll",
                "rules": rules,
            } },
            "automationDetails": { "id": "plimsoll-gate/" },
            "invocations": [{
                "executionSuccessful": !matches!(decision.word(), "partial" | "stale"),
                "exitCode": decision.exit_code(),
                "endTimeUtc": decision.decided_at.to_string(),
                "toolExecutionNotifications": notifications,
            }],
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    serde_json::to_writer(&mut *out, &log)?;
    out.write_all(b"\n")
}

fn level(effect: Effect) -> &'static str {
    match effect {
        Effect::Deny => "error",
        Effect::Warn => "warning",
        Effect::Off => "none",
    }
}

fn rule(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "name": rule.id,
        "shortDescription": { "text": rule.title },
        "fullDescription": { "text": rule.why },
        "help": {
            "text": format!("{} {}", rule.why, rule.fix),
            "markdown": format!("{}\n\n{}", rule.why, rule.fix),
        },
        "defaultConfiguration": { "level": level(rule.effect) },
        "properties": { "tags": [rule.practice.title()] },
    })
}

fn result(
    ruling: &Ruling,
    violation: &Violation,
    index: usize,
    print: &str,
    decision: &Decision,
) -> Value {
    let id = if violation.id.is_empty() { String::new() } else { format!("{}: ", violation.id) };
    let mend = violation.fix.as_ref().map(|fix| format!(". {fix}")).unwrap_or_default();
    let message = format!("{}: {id}{}{mend}", ruling.subject, violation.message);
    // Code scanning wants a file and a line of everything; of an image there is neither.
    let place = violation.place.as_ref();
    let file = place.map_or(ruling.subject.as_str(), |place| place.file.as_str());
    let line = place.map_or(1, |place| place.line.max(1));
    let column = place.map(|place| place.column).filter(|column| *column > 0);
    let region = match column {
        Some(column) => json!({ "startLine": line, "startColumn": column }),
        None => json!({ "startLine": line }),
    };
    let exception = violation.excepted.and_then(|number| decision.exceptions.get(number));
    let suppressions: Vec<Value> = exception
        .map(|it| {
            let why = format!("{}, until {}, by {}", it.reason, it.expires, it.owner);
            json!({ "kind": "external", "status": "accepted", "justification": why })
        })
        .into_iter()
        .collect();
    json!({
        "ruleId": ruling.rule.id,
        "ruleIndex": index,
        "level": level(ruling.effect),
        "message": { "text": escape::message(&message) },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": escape::uri(file) },
            "region": region,
        } }],
        "partialFingerprints": { "primaryLocationLineHash": print },
        "suppressions": suppressions,
    })
}

/// The same from run to run as long as the violation is the same, wherever its line moves.
fn fingerprint(ruling: &Ruling, violation: &Violation) -> String {
    let file = violation.place.as_ref().map_or("", |place| place.file.as_str());
    let identity = [ruling.rule.id, &violation.id, file, &violation.message].join("\0");
    let hex = Uuid::new_v5(&Uuid::NAMESPACE_URL, identity.as_bytes()).simple().to_string();
    hex.get(..16).unwrap_or(&hex).to_owned()
}

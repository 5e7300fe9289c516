//! SARIF 2.1.0 with a region for each finding, and its edits as fixes.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use plimsoll_model::text::{Level, Position, Source, Span};
use serde_json::{Value, json};

use super::{Finding, Judged, LintFormat, Rule};
use crate::Style;
use crate::bounded::{MAX_RESULTS, gravest};
use crate::escape;

pub(super) const FORMAT: LintFormat =
    LintFormat { name: "sarif", about: "SARIF 2.1.0, for code scanning", write };

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Info | Level::Style => "note",
        Level::Ignore => "none",
    }
}

fn region(source: &Source, span: Span) -> Value {
    let (Position { line, column }, end) = (source.position(span.start), source.position(span.end));
    json!({
        "startLine": line,
        "startColumn": column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

fn result(judged: &Judged<'_>, finding: &Finding<'_>, index: usize) -> Value {
    let source = &judged.source;
    let uri = escape::uri(judged.path);
    let place =
        |span| json!({ "artifactLocation": { "uri": uri }, "region": region(source, span) });
    let mut result = json!({
        "ruleId": finding.rule.id,
        "ruleIndex": index,
        "level": level(finding.level),
        "message": { "text": escape::message(finding.message) },
        "locations": [{ "physicalLocation": place(finding.span) }],
    });
    let Some(fields) = result.as_object_mut() else { return result };
    if !finding.related.is_empty() {
        let related: Vec<Value> = finding
            .related
            .iter()
            .map(|(span, message)| {
                json!({
                    "physicalLocation": place(*span),
                    "message": { "text": escape::message(message) },
                })
            })
            .collect();
        fields.insert("relatedLocations".into(), related.into());
    }
    if let Some(fix) = &finding.fix {
        let replacements: Vec<Value> = fix
            .edits
            .iter()
            .map(|edit| {
                json!({
                    "deletedRegion": region(source, edit.span),
                    "insertedContent": { "text": edit.text },
                })
            })
            .collect();
        let change = json!({ "artifactLocation": { "uri": uri }, "replacements": replacements });
        let fix = json!({
            "description": { "text": escape::message(fix.title) },
            "artifactChanges": [change],
        });
        fields.insert("fixes".into(), json!([fix]));
    }
    result
}

fn rule(rule: &Rule<'_>) -> Value {
    json!({
        "id": rule.id,
        "name": rule.id,
        "shortDescription": { "text": rule.title },
        "fullDescription": { "text": rule.why },
        "helpUri": rule.source,
        "help": { "text": rule.why, "markdown": page(rule) },
        "defaultConfiguration": { "level": level(rule.level) },
        "properties": { "tags": rule.aliases },
    })
}

/// The examples are our own text, so nothing needs to be escaped.
fn page(rule: &Rule<'_>) -> String {
    let (why, bad, good) = (rule.why, rule.bad.trim_end(), rule.good.trim_end());
    let language = rule.language;
    format!("{why}\n\nInstead of\n```{language}\n{bad}\n```\nwrite\n```{language}\n{good}\n```\n")
}

fn write(all: &[Judged<'_>], _: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut indexes: BTreeMap<&str, usize> = BTreeMap::new();
    let mut rules = Vec::new();
    let mut results = Vec::new();
    let found = all.iter().flat_map(|judged| judged.findings.iter().map(move |one| (judged, one)));
    let (found, left_out) = gravest(found.collect(), |(_, one)| one.level, MAX_RESULTS);
    for (judged, finding) in &found {
        let index = *indexes.entry(finding.rule.id).or_insert_with(|| {
            rules.push(rule(&finding.rule));
            rules.len().saturating_sub(1)
        });
        results.push(result(judged, finding, index));
    }
    let languages: BTreeSet<&str> = found.iter().map(|(_, one)| one.rule.language).collect();
    let language = languages.first().filter(|_| languages.len() == 1);
    let notifications: Vec<Value> = left_out
        .iter()
        .map(|why| json!({ "level": "warning", "message": { "text": why } }))
        .collect();
    let driver = json!({
        "name": "Plimsoll",
        "fullName": concat!("Plimsoll ", env!("CARGO_PKG_VERSION")),
        "shortDescription": { "text": "Judges what containers are built and run from" },
        "version": env!("CARGO_PKG_VERSION"),
        "informationUri": "https://github.com/plimsoll/plimsoll",
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": rules,
    });
    let mut log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": driver },
            "automationDetails": { "id": "plimsoll-lint/" },
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": notifications,
            }],
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    if let (Some(language), Some(run)) = (language, log.pointer_mut("/runs/0")) {
        run["defaultSourceLanguage"] = (*language).into();
    }
    serde_json::to_writer(&mut *out, &log)?;
    out.write_all(b"\n")
}

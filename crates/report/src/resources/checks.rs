//! What rules say of an object, as reports have it, and the fields that all such reports share.

use plimsoll_kube::assessment::Said;
use plimsoll_model::text::Level;
use serde_json::{Value, json};

use super::Counts;
use super::definition::{AGE, Column, Field, Shape, column, field};

/// The severities of checks.
pub(super) const SEVERITIES: &[&str] = &["CRITICAL", "HIGH", "MEDIUM", "LOW", "UNKNOWN"];

pub(super) const COLUMNS: &[Column] = &[
    column("Scanner", "string", ".report.scanner.name", "Who judged"),
    AGE,
    column("Critical", "integer", ".report.summary.criticalCount", "Failed, critical").wide(),
    column("High", "integer", ".report.summary.highCount", "Failed, high").wide(),
    column("Medium", "integer", ".report.summary.mediumCount", "Failed, medium").wide(),
    column("Low", "integer", ".report.summary.lowCount", "Failed, low").wide(),
];

pub(super) const SCANNER: Field = field(
    "scanner",
    Shape::Object(&[
        field("name", Shape::Text, ""),
        field("vendor", Shape::Text, ""),
        field("version", Shape::Text, ""),
    ]),
    "The program that made the report.",
);

const CHECK: &[Field] = &[
    field("checkID", Shape::Text, "The id of the rule."),
    field("title", Shape::Text, "What to do.").optional(),
    field("description", Shape::Text, "Why.").optional(),
    field("severity", Shape::Word(SEVERITIES), "How grave."),
    field("category", Shape::Text, "").optional(),
    field("messages", Shape::List(&Shape::Text), "What is wrong, each thing once.").optional(),
    field("remediation", Shape::Text, "Where to read on.").optional(),
    field("success", Shape::Flag, "Whether nothing is wrong."),
    field("scope", Shape::Open, "").optional(),
];

const SUMMARY: Field = field(
    "summary",
    Shape::Object(&[
        field("criticalCount", Shape::Count, ""),
        field("highCount", Shape::Count, ""),
        field("mediumCount", Shape::Count, ""),
        field("lowCount", Shape::Count, ""),
    ]),
    "How many checks failed.",
);

pub(super) const FIELDS: &[Field] = &[field(
    "report",
    Shape::Object(&[
        field("updateTimestamp", Shape::Time, "When it was last changed.").optional(),
        SCANNER,
        SUMMARY,
        field("checks", Shape::List(&Shape::Object(CHECK)), "The checks."),
    ]),
    "What checks found.",
)];

/// Who makes reports.
pub(super) fn scanner() -> Value {
    json!({ "name": "Plimsoll", "vendor": "Plimsoll", "version": env!("CARGO_PKG_VERSION") })
}

/// A check that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The id of the rule.
    pub id: String,
    /// What to do.
    pub title: String,
    /// Why.
    pub why: String,
    /// `HIGH`.
    pub severity: &'static str,
    /// What is wrong; none where nothing is.
    pub messages: Vec<String>,
    /// Where to read on.
    pub remediation: String,
    /// Whether nothing is wrong.
    pub success: bool,
}

impl Check {
    /// What rules say of an object, each rule once.
    pub fn of(findings: &[Said]) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for said in findings {
            if let Some(last) = all.last_mut().filter(|last| last.id == said.rule.id) {
                last.messages.push(said.message.clone());
                continue;
            }
            all.push(Self {
                id: said.rule.id.to_owned(),
                title: said.rule.title.to_owned(),
                why: said.rule.why.to_owned(),
                severity: match said.level {
                    Level::Error => "HIGH",
                    Level::Warning => "MEDIUM",
                    _ => "LOW",
                },
                messages: vec![said.message.clone()],
                remediation: said.rule.source.to_owned(),
                success: false,
            });
        }
        all
    }
}

/// The body of a report on checks, and how many failed.
pub fn checks(checks: &[Check], now: &str) -> (Value, Counts) {
    let mut counts = Counts::default();
    for check in checks.iter().filter(|check| !check.success) {
        counts.add(check.severity);
    }
    let all: Vec<Value> = checks
        .iter()
        .map(|check| {
            json!({ "checkID": check.id, "title": check.title, "description": check.why,
                "severity": check.severity, "category": "Kubernetes Security Check",
                "messages": check.messages, "remediation": check.remediation,
                "success": check.success })
        })
        .collect();
    let body = json!({ "report": { "updateTimestamp": now, "scanner": scanner(),
        "summary": counts.summary(false), "checks": all } });
    (body, counts)
}

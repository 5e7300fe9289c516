//! What was found, as Harbor lists it.
#![allow(clippy::indexing_slicing, reason = "fields of an object that is made right here")]

use plimsoll_model::{Finding, RatingKind, Severity};
use serde_json::{Value, json};

use super::scanner;
use crate::catalogue::Report;

pub(super) fn report(found: &Report, artifact: &Value) -> Value {
    let worst = found.findings.iter().map(|it| it.severity).max().unwrap_or_default();
    let items: Vec<Value> = found.findings.iter().map(item).collect();
    json!({
        "generated_at": found.at,
        "artifact": artifact,
        "scanner": scanner(),
        "severity": word(worst),
        "vulnerabilities": items,
    })
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Unknown => "Unknown",
        Severity::Negligible => "Negligible",
        Severity::Low => "Low",
        Severity::Medium => "Medium",
        Severity::High => "High",
        Severity::Critical => "Critical",
    }
}

fn item(finding: &Finding) -> Value {
    let text = if finding.description.is_empty() { &finding.title } else { &finding.description };
    let links: Vec<&str> = finding.references.iter().map(|link| link.url.as_str()).collect();
    let mut item = json!({
        "id": finding.id,
        "package": finding.package.name,
        "version": finding.package.version,
        "fix_version": finding.fix.nearest().unwrap_or_default(),
        "severity": word(finding.severity),
        "description": text,
        "links": links,
        "artifact_digests": [],
        "vendor_attributes": {
            "purl": finding.package.purl,
            "severity_source": finding.severity_source,
            "exploited": finding.kev.is_some(),
            "epss": finding.epss.map(|it| it.score),
        },
    });
    let rating = |kind: RatingKind| {
        let mut of = finding.ratings.iter().filter(move |rating| rating.kind == kind);
        of.find(|rating| rating.score.is_some())
    };
    let score = |score: Option<f32>| score.map(|it| (f64::from(it) * 10.0).round() / 10.0);
    let mut cvss = serde_json::Map::new();
    if let Some(rating) = rating(RatingKind::CvssV3) {
        cvss.insert("score_v3".into(), json!(score(rating.score)));
        cvss.insert("vector_v3".into(), json!(rating.value));
    }
    if let Some(rating) = rating(RatingKind::CvssV2) {
        cvss.insert("score_v2".into(), json!(score(rating.score)));
        cvss.insert("vector_v2".into(), json!(rating.value));
    }
    if !cvss.is_empty() {
        item["preferred_cvss"] = Value::Object(cvss);
    }
    item
}

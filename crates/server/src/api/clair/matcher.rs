//! `/matcher/api/v1`: what the advisories of now say of an image.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use plimsoll_model::{Finding, FixState, Package, RatingKind};
use serde::Serialize;
use serde_json::{Value, json};

use super::packages::{ClairPackage, Content, Distribution};
use super::{Fault, PROTOCOL, digest};
use crate::app::App;
use crate::catalogue::{self, Report};
use crate::store::foreign;

/// Under which Clair gives CVSS; clients look for this very text.
const CVSS: &str = "message/vnd.clair.map.vulnerability; enricher=clair.cvss \
     schema=https://csrc.nist.gov/schema/nvd/feed/1.1/cvss-v3.x.json";

#[derive(Debug, Serialize)]
struct VulnerabilityReport {
    manifest_hash: String,
    #[serde(flatten)]
    content: Content,
    vulnerabilities: BTreeMap<String, Vulnerability>,
    package_vulnerabilities: BTreeMap<String, Vec<String>>,
    enrichments: BTreeMap<&'static str, Vec<Value>>,
}

#[derive(Debug, Serialize)]
struct Vulnerability {
    id: String,
    updater: String,
    name: String,
    description: String,
    issued: String,
    links: String,
    severity: String,
    normalized_severity: &'static str,
    package: ClairPackage,
    /// As claircore writes it; the example in Clair's documentation calls it `dist`.
    #[serde(rename = "distribution", skip_serializing_if = "Option::is_none")]
    dist: Option<Distribution>,
    repo: Value,
    fixed_in_version: String,
}

pub(super) fn word(severity: plimsoll_model::Severity) -> &'static str {
    use plimsoll_model::Severity as S;
    match severity {
        S::Unknown => "Unknown",
        S::Negligible => "Negligible",
        S::Low => "Low",
        S::Medium => "Medium",
        S::High => "High",
        S::Critical => "Critical",
    }
}

fn vulnerability(
    id: &str,
    finding: &Finding,
    at: usize,
    package: &Package,
    dist: Option<&Distribution>,
) -> Vulnerability {
    let links: Vec<&str> = finding.references.iter().map(|link| link.url.as_str()).collect();
    let text = if finding.description.is_empty() { &finding.title } else { &finding.description };
    let vendors = finding.ratings.iter().find(|rating| rating.source == finding.severity_source);
    let fixed = match &finding.fix {
        FixState::Fixed(versions) => versions.first().cloned().unwrap_or_default(),
        _ => String::new(),
    };
    Vulnerability {
        id: id.to_owned(),
        updater: finding.advisories.first().map(|it| it.feed.clone()).unwrap_or_default(),
        name: finding.id.clone(),
        description: text.clone(),
        issued: finding
            .published
            .map_or_else(|| "0001-01-01T00:00:00Z".into(), |at| at.to_string()),
        links: links.join(" "),
        severity: vendors
            .map(|rating| rating.value.clone())
            .filter(|value| !value.is_empty())
            .unwrap_or_else(|| word(finding.severity).to_owned()),
        normalized_severity: word(finding.severity),
        package: ClairPackage::of(at, package),
        dist: dist.filter(|_| package.kind.is_os()).cloned(),
        repo: json!({}),
        fixed_in_version: fixed,
    }
}

fn cvss(finding: &Finding) -> Option<Value> {
    let is_v3 = |kind| matches!(kind, RatingKind::CvssV3);
    let rating =
        finding.ratings.iter().find(|rating| is_v3(rating.kind) && rating.score.is_some())?;
    let version = rating.value.strip_prefix("CVSS:").and_then(|rest| rest.split('/').next());
    Some(json!({
        "version": version.unwrap_or("3.1"),
        "vectorString": rating.value,
        "baseScore": rating.score.map(|score| (f64::from(score) * 10.0).round() / 10.0),
        "baseSeverity": word(rating.severity).to_uppercase(),
    }))
}

fn told(report: &Report, hash: &str) -> VulnerabilityReport {
    let inventory = &report.inventory;
    let dist = inventory.distro.as_ref().map(Distribution::of);
    let mut vulnerabilities = BTreeMap::new();
    let mut packages: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut scores = serde_json::Map::new();
    for (number, finding) in report.findings.iter().enumerate() {
        let Ok(at) = usize::try_from(finding.package.index) else { continue };
        let Some(package) = inventory.packages.get(at) else { continue };
        let id = (number + 1).to_string();
        vulnerabilities.insert(id.clone(), vulnerability(&id, finding, at, package, dist.as_ref()));
        packages.entry(at.to_string()).or_default().push(id.clone());
        if let Some(score) = cvss(finding) {
            scores.insert(id, json!([score]));
        }
    }
    let mut enrichments = BTreeMap::new();
    if !scores.is_empty() {
        enrichments.insert(CVSS, vec![Value::Object(scores)]);
    }
    VulnerabilityReport {
        manifest_hash: hash.to_owned(),
        content: Content::of(inventory, hash),
        vulnerabilities,
        package_vulnerabilities: packages,
        enrichments,
    }
}

pub(super) async fn report(
    State(app): State<Arc<App>>,
    Path(text): Path<String>,
) -> Result<Response, Fault> {
    let hash = digest(&text)?.to_string();
    let none = || Fault::not_found(format!("index report for manifest \"{hash}\" not found"));
    let named = foreign::find(&mut *app.store.read().await?, PROTOCOL, &hash).await?;
    named.ok_or_else(none)?;
    let report = catalogue::report(&app, &hash).await?.ok_or_else(none)?;
    let body = serde_json::to_vec(&told(&report, &hash))
        .map_err(|_| crate::Error::Damaged("an inventory"))?;
    let kind = [
        (header::CONTENT_TYPE, "application/vnd.clair.vulnerability_report.v1+json"),
        // The next one may say something else: advisories change at any time.
        (header::CACHE_CONTROL, "no-cache"),
    ];
    Ok((kind, body).into_response())
}

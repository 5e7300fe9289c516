//! What is found in a project: as a list, as a document of the finding packaging format, as numbers and
//! as a badge.
#![allow(clippy::indexing_slicing, reason = "fields of an object that is made right here")]

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use plimsoll_model::{Finding, RatingKind, Severity};
use serde_json::{Value, json};

use super::projects::{find, told};
use super::{Fault, uuid_of};
use crate::app::App;
use crate::catalogue::{self, Report};
use crate::jobs::Done;
use crate::moment;
use crate::queue::State as JobState;
use crate::store::projects::{self as table, Project};

/// What a project has; `None` before its first bill is stored.
async fn report(app: &App, project: &Project) -> Result<Option<Report>, Fault> {
    let mut digest = project.digest.clone();
    if digest.is_empty() && project.job > 0 {
        let status = app.queue.status(project.job).await?;
        let done = status.filter(|status| status.state == JobState::Done);
        let done = done.and_then(|status| serde_json::from_str::<Done>(&status.result).ok());
        if let Some(done) = done {
            // Jobs are forgotten, and what came of them is not.
            let mut write = app.store.write().await?;
            table::stored(&mut write, &project.uuid, project.job, &done.digest).await?;
            write.commit().await?;
            digest = done.digest;
        }
    }
    if digest.is_empty() {
        return Ok(None);
    }
    Ok(catalogue::report(app, &digest).await?)
}

fn severity(severity: Severity) -> (&'static str, u8) {
    match severity {
        Severity::Critical => ("CRITICAL", 0),
        Severity::High => ("HIGH", 1),
        Severity::Medium => ("MEDIUM", 2),
        Severity::Low => ("LOW", 3),
        Severity::Negligible => ("INFO", 4),
        Severity::Unknown => ("UNASSIGNED", 5),
    }
}

/// Where an id comes from, in their words.
fn source(id: &str) -> &'static str {
    match id.split('-').next().unwrap_or_default() {
        "CVE" => "NVD",
        "GHSA" => "GITHUB",
        _ => "OSV",
    }
}

fn item(project: &Project, finding: &Finding) -> Value {
    let package = &finding.package;
    let (word, rank) = severity(finding.severity);
    let component = uuid_of(&package.purl, "component");
    let weakness = uuid_of(&finding.id, "vulnerability");
    let alias = |prefix: &str| {
        let all = std::iter::once(&finding.id).chain(&finding.aliases);
        all.filter(|id| id.starts_with(prefix)).min().cloned()
    };
    let aliases = match (alias("CVE-"), alias("GHSA-")) {
        (Some(cve), Some(ghsa)) => json!([{"cveId": cve, "ghsaId": ghsa}]),
        _ => json!([]),
    };
    let text = if finding.description.is_empty() { &finding.title } else { &finding.description };
    let mut vulnerability = json!({
        "uuid": weakness,
        "source": source(&finding.id),
        "vulnId": finding.id,
        "severity": word,
        "severityRank": rank,
        "title": finding.title,
        "description": text,
        "recommendation": finding.fix.nearest().map(|it| format!("Update to {it}.")),
        "aliases": aliases,
    });
    if let Some(epss) = finding.epss {
        vulnerability["epssScore"] = json!(epss.score);
        vulnerability["epssPercentile"] = json!(epss.percentile);
    }
    let rating = |kind: RatingKind| {
        finding.ratings.iter().filter(move |rating| rating.kind == kind).find_map(|it| it.score)
    };
    if let Some(score) = rating(RatingKind::CvssV3) {
        vulnerability["cvssV3BaseScore"] = json!((f64::from(score) * 10.0).round() / 10.0);
    }
    json!({
        "component": {
            "uuid": component,
            "name": package.name,
            "version": package.version,
            "purl": package.purl,
            "project": project.uuid,
        },
        "vulnerability": vulnerability,
        "analysis": {"isSuppressed": false},
        "attribution": {"analyzerIdentity": "INTERNAL_ANALYZER", "attributedOn": project.uploaded},
        "matrix": format!("{}:{component}:{weakness}", project.uuid),
    })
}

fn items(project: &Project, report: Option<&Report>) -> Vec<Value> {
    report.map(|it| it.findings.iter().map(|one| item(project, one)).collect()).unwrap_or_default()
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    Path(uuid): Path<String>,
) -> Result<Response, Fault> {
    let project = find(&app, &uuid).await?;
    let found = items(&project, report(&app, &project).await?.as_ref());
    Ok(([("x-total-count", found.len().to_string())], Json(found)).into_response())
}

/// The finding packaging format, 1.2.
pub(super) async fn export(
    State(app): State<Arc<App>>,
    Path(uuid): Path<String>,
) -> Result<Response, Fault> {
    let project = find(&app, &uuid).await?;
    let found = items(&project, report(&app, &project).await?.as_ref());
    Ok(Json(json!({
        "version": "1.2",
        "meta": {
            "application": "Plimsoll",
            "version": env!("CARGO_PKG_VERSION"),
            "timestamp": moment::timestamp(moment::now()),
        },
        "project": told(&project),
        "findings": found,
    }))
    .into_response())
}

/// Findings by severity, in the order of [`severity`].
fn counts(report: Option<&Report>) -> [usize; 6] {
    let mut counts = [0; 6];
    for finding in report.iter().flat_map(|it| &it.findings) {
        if let Some(count) = counts.get_mut(usize::from(severity(finding.severity).1)) {
            *count += 1;
        }
    }
    counts
}

pub(super) async fn metrics(
    State(app): State<Arc<App>>,
    Path(uuid): Path<String>,
) -> Result<Response, Fault> {
    let project = find(&app, &uuid).await?;
    let report = report(&app, &project).await?;
    let [critical, high, medium, low, info, unassigned] = counts(report.as_ref());
    let components = report.as_ref().map_or(0, |it| it.inventory.packages.len());
    let vulnerable = report.as_ref().map_or(0, |it| {
        it.findings
            .iter()
            .map(|one| one.package.index)
            .collect::<std::collections::HashSet<_>>()
            .len()
    });
    let all = critical + high + medium + low + info + unassigned;
    Ok(Json(json!({
        "critical": critical, "high": high, "medium": medium, "low": low,
        "unassigned": unassigned + info, "vulnerabilities": all, "findingsTotal": all,
        "findingsAudited": 0, "findingsUnaudited": all, "suppressed": 0,
        "components": components, "vulnerableComponents": vulnerable,
        "inheritedRiskScore": critical * 10 + high * 5 + medium * 3 + low + (unassigned + info) * 5,
        "firstOccurrence": project.uploaded, "lastOccurrence": moment::now(),
    }))
    .into_response())
}

pub(super) async fn badge(
    State(app): State<Arc<App>>,
    Path(uuid): Path<String>,
) -> Result<Response, Fault> {
    let uuid = uuid.trim_end_matches(".svg");
    let project = find(&app, uuid).await?;
    let [critical, high, medium, low, info, unassigned] =
        counts(report(&app, &project).await?.as_ref());
    let numbers = [
        ("#b3001b", critical),
        ("#c4520a", high),
        ("#8a6d00", medium),
        ("#3f7a3a", low),
        ("#59636e", info + unassigned),
    ];
    let mut parts = String::new();
    for (at, (colour, count)) in numbers.into_iter().enumerate() {
        let (left, middle) = (110 + at * 34, 127 + at * 34);
        // Writing to a `String` cannot fail.
        let _ = write!(
            parts,
            "<rect x=\"{left}\" width=\"34\" height=\"20\" fill=\"{colour}\"/>\
             <text x=\"{middle}\" y=\"14\" text-anchor=\"middle\">{count}</text>"
        );
    }
    let image = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"280\" height=\"20\" role=\"img\" \
         aria-label=\"vulnerabilities: {critical} critical, {high} high, {medium} medium, {low} low\">\
         <rect width=\"110\" height=\"20\" fill=\"#24292f\"/>\
         <g fill=\"#fff\" font-family=\"sans-serif\" font-size=\"12\">\
         <text x=\"8\" y=\"14\">vulnerabilities</text>{parts}</g></svg>"
    );
    let kind = [(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "no-cache")];
    Ok((kind, image).into_response())
}

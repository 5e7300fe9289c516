//! GitLab's report of container scanning: what a merge request and the security dashboard show.
//!
//! Texts are cut to the lengths that the schema allows, and links that are none are left out: GitLab
//! takes no part of a report that is against its schema.
//!
//! Source: <https://gitlab.com/gitlab-org/security-products/security-report-schemas>, version 15.0.7.

use std::io::{self, Write};

use plimsoll_model::{Finding, FixState, Problem, ProblemKind, Scan, Severity, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Format;
use crate::Style;
use crate::tally::standing;
use crate::text::one_line;

pub(super) const FORMAT: Format =
    Format { name: "gitlab", about: "container scanning of GitLab", needs_loaded: false, write };

const SCHEMA: &str = "15.0.7";
const MAX_NAME: usize = 255;
const MAX_SOLUTION: usize = 7_000;
const MAX_DESCRIPTION: usize = 100_000;
/// More would only be read by nobody.
const MAX_LINKS: usize = 50;
const MAX_MESSAGES: usize = 100;

fn write(scan: &Scan, _: &Style, out: &mut dyn Write) -> io::Result<()> {
    let time = scan.scanned_at.unwrap_or(Timestamp::from_unix(0)).to_string();
    // Without its zone, which is always UTC.
    let time = time.trim_end_matches('Z');
    let tool = json!({
        "id": "plimsoll",
        "name": "Plimsoll",
        "url": "https://github.com/plimsoll/plimsoll",
        "vendor": {"name": "Plimsoll"},
        "version": env!("CARGO_PKG_VERSION"),
    });
    let messages = scan.inventory.problems.iter().take(MAX_MESSAGES).map(message);
    let document = json!({
        "version": SCHEMA,
        "scan": {
            "analyzer": tool,
            "scanner": tool,
            "type": "container_scanning",
            "start_time": time,
            "end_time": time,
            "status": "success",
            "messages": messages.collect::<Vec<_>>(),
        },
        "vulnerabilities": standing(scan).map(|it| vulnerability(scan, it)).collect::<Vec<_>>(),
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

fn message(problem: &Problem) -> Value {
    let level = if problem.kind == ProblemKind::Partial { "warn" } else { "info" };
    let place = if problem.path.is_empty() { String::new() } else { format!("{}: ", problem.path) };
    json!({"level": level, "value": one_line(&format!("{place}{}", problem.message))})
}

fn vulnerability(scan: &Scan, finding: &Finding) -> Value {
    let artifact = &scan.inventory.artifact;
    let image = one_line(artifact.names.first().unwrap_or(&artifact.reference));
    let system = scan.inventory.distro.as_ref().map(|it| format!("{} {}", it.id, it.version));
    let package = &finding.package;
    // The same from run to run, so that GitLab knows it again.
    let key = serde_json::to_vec(&(&image, &finding.id, &package.purl)).unwrap_or_default();
    let title = if finding.title.is_empty() { &finding.id } else { &finding.title };
    let ids = std::iter::once(&finding.id).chain(&finding.aliases);
    let links = finding.references.iter().map(|link| link.url.as_str()).filter(|url| is_link(url));
    json!({
        "id": Uuid::new_v5(&Uuid::NAMESPACE_URL, &key).to_string(),
        "name": cut(&one_line(title), MAX_NAME),
        "description": cut(&finding.description, MAX_DESCRIPTION),
        "severity": severity(finding.severity),
        "solution": cut(&solution(finding), MAX_SOLUTION),
        "identifiers": ids.map(|id| identifier(id)).collect::<Vec<_>>(),
        "links": links.take(MAX_LINKS).map(|url| json!({"url": url})).collect::<Vec<_>>(),
        "location": {
            "dependency": {
                "package": {"name": one_line(&package.name)},
                "version": one_line(&package.version),
            },
            "operating_system": system.map_or_else(|| "none".into(), |it| one_line(&it)),
            "image": if image.is_empty() { "unnamed".into() } else { image },
        },
    })
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "Critical",
        Severity::High => "High",
        Severity::Medium => "Medium",
        Severity::Low => "Low",
        Severity::Negligible => "Info",
        Severity::Unknown => "Unknown",
    }
}

fn identifier(id: &str) -> Value {
    let id = one_line(id);
    let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let (kind, url) = match id.split('-').next() {
        Some("CVE") => ("cve", Some("https://nvd.nist.gov/vuln/detail/")),
        Some("GHSA") => ("ghsa", Some("https://github.com/advisories/")),
        _ => ("plimsoll", None),
    };
    let mut told = json!({"type": kind, "name": id, "value": id});
    if let (Some(url), true, Some(fields)) = (url, plain, told.as_object_mut()) {
        fields.insert("url".into(), format!("{url}{id}").into());
    }
    told
}

fn solution(finding: &Finding) -> String {
    let name = one_line(&finding.package.name);
    match &finding.fix {
        FixState::Fixed(versions) => match versions.first() {
            Some(version) => format!("Update {name} to {}.", one_line(version)),
            None => format!("Update {name}."),
        },
        FixState::NotFixed => "No update repairs this yet.".into(),
        FixState::WillNotFix => "The distribution will not repair this.".into(),
        FixState::Deferred => "The distribution repairs this later.".into(),
        FixState::UnderInvestigation => "The distribution still looks into this.".into(),
        FixState::EndOfLife => "This release gets no updates any more.".into(),
        _ => "It is not known whether an update repairs this.".into(),
    }
}

fn is_link(url: &str) -> bool {
    ["https://", "http://", "ftp://"].iter().any(|start| url.starts_with(start))
        && !url.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// The first characters, with an ellipsis where there were more.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}

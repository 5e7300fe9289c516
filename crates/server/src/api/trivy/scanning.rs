//! What the advisories say of an image that a client of Trivy read.

use std::collections::HashMap;

use plimsoll_advisory::database::Database;
use plimsoll_advisory::matching::{Declared, match_inventory};
use plimsoll_model::{Finding, FixState, RatingKind, Severity, Timestamp};

use super::Fault;
use super::image::{Group, Merged, title, version};
use super::messages::{
    BlobInfo, Cvss, DataSource, Moment, Package, ScanRequest, ScanResponse, ScanResult,
    Vulnerability,
};
use crate::error::Error;

pub(super) fn scan(
    asked: &ScanRequest,
    layers: Vec<BlobInfo>,
    database: &Database,
) -> Result<ScanResponse, Fault> {
    let options = asked.options.clone().unwrap_or_default();
    let wants = |list: &[String], word: &str| list.is_empty() || list.iter().any(|it| it == word);
    let mut merged = Merged::of(layers).map_err(Fault::invalid)?;
    let (inventory, places) = merged.inventory(options.distro.as_ref());
    merged.identify(&inventory, &places);
    let findings = if wants(&options.scanners, "vuln") {
        match_inventory(&inventory, database, Declared::Counts).map_err(Error::from)?.findings
    } else {
        Vec::new()
    };
    let mut of_group: HashMap<usize, Vec<Vulnerability>> = HashMap::new();
    for finding in &findings {
        let place = usize::try_from(finding.package.index).ok().and_then(|at| places.get(at));
        let Some((group, number)) = place else { continue };
        let package = merged.groups.get(*group).and_then(|it| it.packages.get(*number));
        if let Some(package) = package {
            of_group.entry(*group).or_default().push(vulnerability(finding, package));
        }
    }
    let mut results = Vec::new();
    let os = options.distro.clone().or_else(|| merged.os.clone());
    for (at, group) in merged.groups.iter().enumerate() {
        let class = if group.kind.is_empty() { "os" } else { "library" };
        if !wants(&options.pkg_types, class) {
            continue;
        }
        let (target, class, kind) = match (&os, group.kind.is_empty()) {
            (Some(os), true) => {
                let target = format!("{} ({} {})", asked.target, os.family, os.name);
                (target, "os-pkgs", os.family.clone())
            }
            (None, true) => (asked.target.clone(), "os-pkgs", String::new()),
            (_, false) => (target_of(group), "lang-pkgs", group.kind.clone()),
        };
        results.push(ScanResult {
            target,
            class: class.into(),
            kind,
            vulnerabilities: of_group.remove(&at).unwrap_or_default(),
            packages: group.packages.clone(),
            secrets: Vec::new(),
        });
    }
    if wants(&options.scanners, "secret") {
        results.extend(merged.secrets.iter().map(|secret| ScanResult {
            target: secret.filepath.clone(),
            class: "secret".into(),
            secrets: secret.findings.clone(),
            ..ScanResult::default()
        }));
    }
    Ok(ScanResponse { os, results, layers: merged.layers })
}

fn target_of(group: &Group) -> String {
    if group.file.is_empty() { title(&group.kind).to_owned() } else { group.file.clone() }
}

/// Trivy's numbers.
fn severity(severity: Severity) -> i32 {
    match severity {
        Severity::Critical => 4,
        Severity::High => 3,
        Severity::Medium => 2,
        Severity::Low | Severity::Negligible => 1,
        Severity::Unknown => 0,
    }
}

/// The places of Trivy's words: `unknown`, `not_affected`, `affected`, `fixed`, `under_investigation`,
/// `will_not_fix`, `fix_deferred`, `end_of_life`.
fn status(fix: &FixState) -> i32 {
    match fix {
        FixState::NotFixed => 2,
        FixState::Fixed(_) => 3,
        FixState::UnderInvestigation => 4,
        FixState::WillNotFix => 5,
        FixState::Deferred => 6,
        FixState::EndOfLife => 7,
        _ => 0,
    }
}

fn moment(at: Option<Timestamp>) -> Option<Moment> {
    at.map(|at| Moment { seconds: at.as_unix(), nanos: 0 })
}

fn vulnerability(finding: &Finding, package: &Package) -> Vulnerability {
    let mut cvss: HashMap<String, Cvss> = HashMap::new();
    let mut vendor_severity = HashMap::new();
    for rating in &finding.ratings {
        vendor_severity.entry(rating.source.clone()).or_insert(severity(rating.severity));
        let score = (f64::from(rating.score.unwrap_or_default()) * 10.0).round() / 10.0;
        let entry = cvss.entry(rating.source.clone());
        match rating.kind {
            RatingKind::CvssV2 => {
                let entry = entry.or_default();
                (entry.v2_vector, entry.v2_score) = (rating.value.clone(), score);
            }
            RatingKind::CvssV3 => {
                let entry = entry.or_default();
                (entry.v3_vector, entry.v3_score) = (rating.value.clone(), score);
            }
            RatingKind::CvssV4 => {
                let entry = entry.or_default();
                (entry.v40_vector, entry.v40_score) = (rating.value.clone(), score);
            }
            _ => {}
        }
    }
    let fixed = match &finding.fix {
        FixState::Fixed(versions) => versions.join(", "),
        _ => String::new(),
    };
    let first = finding.advisories.first();
    let primary = if finding.id.starts_with("CVE-") || finding.id.starts_with("GHSA-") {
        format!("https://osv.dev/vulnerability/{}", finding.id)
    } else {
        finding.references.first().map(|link| link.url.clone()).unwrap_or_default()
    };
    Vulnerability {
        vulnerability_id: finding.id.clone(),
        pkg_name: package.name.clone(),
        pkg_id: package.id.clone(),
        pkg_path: package.file_path.clone(),
        installed_version: version(package),
        fixed_version: fixed,
        title: finding.title.clone(),
        description: finding.description.clone(),
        severity: severity(finding.severity),
        severity_source: finding.severity_source.clone(),
        references: finding.references.iter().map(|link| link.url.clone()).collect(),
        pkg_identifier: package.identifier.clone(),
        layer: package.layer.clone(),
        cvss,
        primary_url: primary,
        published_date: moment(finding.published),
        last_modified_date: moment(finding.modified),
        vendor_ids: finding
            .advisories
            .iter()
            .map(|it| it.id.clone())
            .filter(|id| *id != finding.id)
            .collect(),
        data_source: first.map(|it| DataSource {
            id: it.feed.clone(),
            name: it.feed.clone(),
            url: String::new(),
        }),
        vendor_severity,
        status: status(&finding.fix),
    }
}

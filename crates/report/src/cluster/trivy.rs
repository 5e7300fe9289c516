//! As `trivy k8s --format json` lays it out, for programs that read that.
//!
//! Our levels of rules become its severities: error is HIGH, warning MEDIUM, all below LOW. Of
//! resources those are told that have something; the figures of checks that passed are not.
//! <https://github.com/aquasecurity/trivy/blob/main/pkg/k8s/report/report.go>

use std::io::{self, Write};

use plimsoll_kube::assessment::{Row, Said};
use plimsoll_model::text::Level;
use serde_json::{Value, json};

use super::{ClusterFormat, ClusterScan, Vulnerability, put};
use crate::Style;
use crate::formats::trivy::severity;

pub(super) const FORMAT: ClusterFormat =
    ClusterFormat { name: "trivy-json", about: "as `trivy k8s` lays it out", write };

fn write(scan: &ClusterScan<'_>, _: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut resources: Vec<Value> = Vec::new();
    for row in &scan.assessment.workloads {
        let config = misconfigurations(&row.kind, &row.name, &row.findings);
        if scan.is_whole {
            // Its readers tell vulnerabilities from the rest by the first result of a resource.
            let images = images(scan, row);
            resources.extend(images.map(|(results, error)| resource(row, &results, error)));
            resources.extend(config.map(|config| resource(row, &[config], None)));
        } else {
            let (mut results, error) = images(scan, row).next().unwrap_or_default();
            results.extend(config);
            if !results.is_empty() || error.is_some() {
                resources.push(resource(row, &results, error));
            }
        }
    }
    for other in &scan.assessment.others {
        let config = misconfigurations(&other.kind, &other.name, &other.findings);
        resources.extend(config.map(|config| {
            let mut one = json!({ "Kind": other.kind, "Name": other.name, "Results": [config] });
            if let Some(namespace) = &other.namespace {
                put(&mut one, "Namespace", json!(namespace));
            }
            one
        }));
    }
    let list = if scan.is_whole { "Resources" } else { "Findings" };
    let document = json!({ "ClusterName": scan.name, list: resources });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn resource(row: &Row, results: &[Value], error: Option<String>) -> Value {
    let mut one = json!({
        "Namespace": row.namespace, "Kind": row.kind, "Name": row.name, "Results": results,
    });
    if let Some(error) = error {
        put(&mut one, "Error", json!(error));
    }
    one
}

/// The results of a workload's images and what went wrong with one; nothing where there is neither.
fn images<'s>(
    scan: &'s ClusterScan<'_>,
    row: &'s Row,
) -> impl Iterator<Item = (Vec<Value>, Option<String>)> {
    let mut results = Vec::new();
    let mut error = None;
    for image in row.images.iter().filter_map(|number| scan.images.get(*number)) {
        error = error.or_else(|| image.problem.clone());
        for (class, is_of_system) in [("os-pkgs", true), ("lang-pkgs", false)] {
            let all = image.findings.iter().filter(|one| one.is_of_system == is_of_system);
            let all: Vec<Value> = all.map(vulnerability).collect();
            if !all.is_empty() {
                let target = if is_of_system && !image.distro.is_empty() {
                    format!("{} ({})", image.reference, image.distro)
                } else {
                    image.reference.clone()
                };
                results.push(json!({ "Target": target, "Class": class, "Vulnerabilities": all }));
            }
        }
    }
    (!results.is_empty() || error.is_some()).then_some((results, error)).into_iter()
}

fn vulnerability(one: &Vulnerability) -> Value {
    let mut value = json!({
        "VulnerabilityID": one.id,
        "PkgName": one.package,
        "InstalledVersion": one.version,
        "Severity": severity(one.severity),
        "Title": one.title,
    });
    if let Some(fixed) = &one.fixed {
        put(&mut value, "FixedVersion", json!(fixed));
    }
    value
}

fn misconfigurations(kind: &str, name: &str, findings: &[Said]) -> Option<Value> {
    let one = |said: &Said| {
        json!({
            "Type": "Kubernetes Security Check",
            "ID": said.rule.id,
            "Title": said.rule.title,
            "Description": said.rule.why,
            "Message": said.message,
            "PrimaryURL": said.rule.source,
            "Severity": match said.level {
                Level::Error => "HIGH",
                Level::Warning => "MEDIUM",
                _ => "LOW",
            },
            "Status": "FAIL",
        })
    };
    (!findings.is_empty()).then(|| {
        json!({
            "Target": format!("{kind}/{name}"),
            "Class": "config",
            "Type": "kubernetes",
            "MisconfSummary": { "Successes": 0, "Failures": findings.len() },
            "Misconfigurations": findings.iter().map(one).collect::<Vec<_>>(),
        })
    })
}

//! The JSON of `snyk container test --json`.

use plimsoll_model::{Finding, Inventory, RatingKind, Scan, Severity};
use serde_json::{Value, json};

pub(super) fn document(scan: &Scan, path: &str, base: Option<&str>) -> Value {
    let of = |finding: &Finding| vulnerability(finding, scan, path);
    let (ignored, counted): (Vec<&Finding>, Vec<&Finding>) =
        scan.findings.iter().partition(|finding| finding.suppressed.is_some());
    let mut ids: Vec<&str> = counted.iter().map(|finding| finding.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    let count = counted.len();
    let filtered: Vec<Value> = ignored
        .iter()
        .map(|finding| {
            let mut one = of(finding);
            if let Value::Object(fields) = &mut one {
                let reason = finding.suppressed.clone().unwrap_or_default();
                let why =
                    json!({ "ignored": [{ "path": ["*"], "reason": reason, "source": "cli" }] });
                fields.insert("filtered".into(), why);
            }
            one
        })
        .collect();
    let platform = scan.inventory.artifact.platform.as_ref().map(ToString::to_string);
    json!({
        "ok": count == 0,
        "vulnerabilities": counted.into_iter().map(of).collect::<Vec<_>>(),
        "dependencyCount": scan.inventory.present().count(),
        "packageManager": manager(&scan.inventory),
        "summary": format!("{count} vulnerable dependency paths"),
        "filtered": { "ignore": filtered, "patch": [] },
        "uniqueCount": ids.len(),
        "projectName": format!("docker-image|{path}"),
        "platform": platform,
        "docker": { "baseImage": base },
        "path": path,
    })
}

/// Snyk's word for the package manager of an image.
pub(super) fn manager(inventory: &Inventory) -> &'static str {
    match inventory.distro.as_ref().map(|distro| distro.id.as_str()) {
        Some("alpine" | "wolfi" | "chainguard") => "apk",
        Some("debian" | "ubuntu") => "deb",
        Some(_) => "rpm",
        None => "linux",
    }
}

/// The name of a package of a distribution with its source in front, where they differ: `openssl/libssl3`.
fn names(finding: &Finding, scan: &Scan) -> (String, String) {
    let package = &finding.package;
    let installed = usize::try_from(package.index).ok();
    let installed = installed.and_then(|at| scan.inventory.packages.get(at));
    let source = installed.filter(|it| it.kind.is_os()).map_or("", |it| it.source_name());
    if source.is_empty() || source == package.name {
        (package.name.clone(), package.name.clone())
    } else {
        (source.to_owned(), format!("{source}/{}", package.name))
    }
}

fn vulnerability(finding: &Finding, scan: &Scan, path: &str) -> Value {
    let package = &finding.package;
    let (source, name) = names(finding, scan);
    let root = match path.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')) {
        Some((image, tag)) => format!("docker-image|{image}@{tag}"),
        None => format!("docker-image|{path}@latest"),
    };
    let ids = || std::iter::once(&finding.id).chain(&finding.aliases);
    let cves: Vec<&String> = ids().filter(|id| id.starts_with("CVE-")).collect();
    let ghsa: Vec<&String> = ids().filter(|id| id.starts_with("GHSA-")).collect();
    let rating = finding.ratings.iter().find(|it| it.kind == RatingKind::CvssV3);
    let score =
        rating.and_then(|it| it.score).map(|score| (f64::from(score) * 10.0).round() / 10.0);
    let fixed = finding.fix.nearest();
    let links: Vec<Value> =
        finding.references.iter().map(|link| json!({ "title": "link", "url": link.url })).collect();
    json!({
        "id": finding.id,
        "title": finding.title,
        "description": finding.description,
        "severity": match finding.severity {
            Severity::Critical => "critical",
            Severity::High => "high",
            Severity::Medium => "medium",
            _ => "low",
        },
        "packageName": source,
        "name": name,
        "version": package.version,
        "from": [root, format!("{name}@{}", package.version)],
        "upgradePath": [],
        "isUpgradable": fixed.is_some(),
        "isPatchable": false,
        "nearestFixedInVersion": fixed,
        "semver": { "vulnerable": [fixed.map_or_else(|| "*".to_owned(), |version| format!("<{version}"))] },
        "epssDetails": finding.epss.map(|it| json!({
            "probability": format!("{:.5}", it.score), "percentile": format!("{:.5}", it.percentile),
        })),
        "packageManager": manager(&scan.inventory),
        "fixedIn": fixed.into_iter().collect::<Vec<_>>(),
        "identifiers": { "CVE": cves, "GHSA": ghsa, "CWE": [] },
        "CVSSv3": rating.map(|it| it.value.as_str()),
        "cvssScore": score,
        "references": links,
        "publicationTime": finding.published.map(|at| at.to_string()),
        "modificationTime": finding.modified.map(|at| at.to_string()),
    })
}

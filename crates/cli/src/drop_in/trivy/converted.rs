//! Trivy's JSON read back into a scan: `trivy convert`, and what a server answers.
//!
//! Packages are read as a bill of materials; a finding goes to the package of its URL, else to that of
//! its name and version. What fits to none is a problem of the scan.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context as _, bail};
use plimsoll_model::{
    AdvisoryRef, Finding, FixState, Inventory, Link, LinkKind, PackageMatch, Problem, ProblemKind,
    Purl, Rating, RatingKind, Scan, Severity, Timestamp,
};
use plimsoll_supply::document::{self, MAX_DOCUMENT};
use serde_json::{Value, json};

/// More findings than this are refused.
const MAX_FINDINGS: usize = 1_000_000;

/// A report, and what of it is no vulnerability.
pub(super) struct Converted {
    pub(super) scan: Scan,
    /// Results with misconfigurations, as they were.
    pub(super) others: Vec<Value>,
}

/// Reads a report in JSON.
pub(super) fn read(path: &str) -> anyhow::Result<Converted> {
    let shown = path.escape_debug();
    let bytes = crate::files::read(Path::new(path), MAX_DOCUMENT as u64)
        .with_context(|| format!("cannot read `{shown}`"))?;
    let document: Value =
        serde_json::from_slice(&bytes).with_context(|| format!("`{shown}` is no JSON"))?;
    if document.get("SchemaVersion").and_then(Value::as_u64) != Some(2) {
        bail!("`{shown}` is no report of `trivy -f json` (schema version 2)");
    }
    converted(&document).with_context(|| format!("`{shown}`"))
}

/// A text of an object, which is empty where there is none.
pub(super) fn text<'v>(of: &'v Value, path: &str) -> &'v str {
    of.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// A list of an object, which is empty where there is none.
pub(super) fn list<'v>(of: &'v Value, field: &str) -> &'v [Value] {
    of.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn time(of: &Value, path: &str) -> Option<Timestamp> {
    text(of, path).parse().ok()
}

fn converted(document: &Value) -> anyhow::Result<Converted> {
    let results = list(document, "Results");
    let mut inventory = inventory(document, results)?;
    text(document, "/ArtifactName").clone_into(&mut inventory.artifact.reference);
    let source = match text(document, "/ArtifactType") {
        "filesystem" => "dir",
        "repository" => "repository",
        "cyclonedx" => "cyclonedx",
        "spdx" => "spdx",
        _ => "docker",
    };
    source.clone_into(&mut inventory.artifact.source);
    let findings = findings(results, &mut inventory)?;
    let is_other = |it: &&Value| !list(it, "Misconfigurations").is_empty();
    let others = results.iter().filter(is_other).cloned().collect();
    let scan =
        Scan { inventory, findings, scanned_at: time(document, "/CreatedAt"), ..Scan::default() };
    Ok(Converted { scan, others })
}

/// Packages of all results: those that are listed, and those that only a finding names.
fn inventory(document: &Value, results: &[Value]) -> anyhow::Result<Inventory> {
    let mut components = vec![];
    if let Some(system) = document.pointer("/Metadata/OS") {
        components.push(json!({
            "type": "operating-system",
            "name": text(system, "/Family"),
            "version": text(system, "/Name"),
        }));
    }
    for result in results {
        let is_system = text(result, "/Class") == "os-pkgs";
        let mut add = |purl: &str, name: &str, version: &str, path: &str| {
            let place = match path {
                "" if is_system => "",
                "" => text(result, "/Target"),
                path => path,
            };
            let places: Vec<Value> =
                (!place.is_empty()).then(|| json!({"location": place})).into_iter().collect();
            components.push(json!({
                "type": "library", "name": name, "version": version, "purl": purl,
                "evidence": { "occurrences": places },
            }));
        };
        for it in list(result, "Packages") {
            let [purl, name, version, path] =
                ["/Identifier/PURL", "/Name", "/Version", "/FilePath"].map(|at| text(it, at));
            add(purl, name, version, path);
        }
        for it in list(result, "Vulnerabilities") {
            let [purl, name, version, path] =
                ["/PkgIdentifier/PURL", "/PkgName", "/InstalledVersion", "/PkgPath"]
                    .map(|at| text(it, at));
            add(purl, name, version, path);
        }
    }
    let bill = json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": components});
    let mut inventory = document::read(bill.to_string().as_bytes())?;
    if let Some(distro) = &mut inventory.distro {
        distro.ecosystem = plimsoll_image::cataloguers::ecosystem(distro);
    }
    Ok(inventory)
}

/// What the results say of an inventory's packages.
pub(super) fn findings(
    results: &[Value],
    inventory: &mut Inventory,
) -> anyhow::Result<Vec<Finding>> {
    let count: usize = results.iter().map(|it| list(it, "Vulnerabilities").len()).sum();
    if count > MAX_FINDINGS {
        bail!("it has {count} vulnerabilities, and at most {MAX_FINDINGS} are read");
    }
    let bare = |url: &str| url.split('?').next().unwrap_or_default().to_owned();
    let (mut by_url, mut by_bare_url, mut by_name) =
        (HashMap::new(), HashMap::new(), HashMap::new());
    let distro = inventory.distro.as_ref();
    for (index, package) in inventory.packages.iter().enumerate() {
        let url = Purl::of(package, distro).to_string();
        by_bare_url.entry(bare(&url)).or_insert(index);
        by_url.entry(url).or_insert(index);
        by_name.entry((package.name.clone(), package.version.clone())).or_insert(index);
    }
    let (mut found, mut lost): (Vec<Finding>, Vec<String>) = (Vec::new(), Vec::new());
    for one in results.iter().flat_map(|it| list(it, "Vulnerabilities")) {
        let url = text(one, "/PkgIdentifier/PURL");
        let (name, version) = (text(one, "/PkgName"), text(one, "/InstalledVersion"));
        let index = by_url
            .get(url)
            .or_else(|| by_name.get(&(name.to_owned(), version.to_owned())))
            .or_else(|| by_bare_url.get(&bare(url)));
        let package = index.and_then(|at| Some((*at, inventory.packages.get(*at)?)));
        let Some((index, package)) = package else {
            lost.push(format!("{} of {name} {version}", text(one, "/VulnerabilityID")));
            continue;
        };
        let matched = PackageMatch {
            index: u32::try_from(index).unwrap_or(u32::MAX),
            kind: package.kind,
            name: package.name.clone(),
            version: package.version.clone(),
            purl: Purl::of(package, distro).to_string(),
            locations: package.locations.clone(),
        };
        found.push(finding(one, matched));
    }
    if let Some(first) = lost.first() {
        let message =
            format!("{} findings are of packages that are not listed, such as {first}", lost.len());
        inventory.problems.push(Problem {
            kind: ProblemKind::Partial,
            path: String::new(),
            layer: None,
            line: None,
            message,
        });
    }
    found.sort_by(|a, b| order(a).cmp(&order(b)));
    Ok(found)
}

/// The worst first, then by package.
fn order(it: &Finding) -> (Reverse<Severity>, &str, &str, &str) {
    (Reverse(it.severity), &it.package.name, &it.package.version, &it.id)
}

fn finding(one: &Value, package: PackageMatch) -> Finding {
    let words = |field: &str| -> Vec<String> {
        list(one, field).iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let id = text(one, "/VulnerabilityID");
    let feed = text(one, "/DataSource/ID");
    let mut aliases = words("VendorIDs");
    aliases.sort();
    let advisory = AdvisoryRef {
        id: aliases.first().cloned().unwrap_or_else(|| id.to_owned()),
        feed: feed.to_owned(),
        modified: time(one, "/LastModifiedDate"),
    };
    Finding {
        id: id.to_owned(),
        aliases,
        package,
        severity: severity(one.get("Severity")),
        severity_source: text(one, "/SeveritySource").to_owned(),
        ratings: ratings(one),
        fix: fix(one),
        title: text(one, "/Title").to_owned(),
        description: text(one, "/Description").to_owned(),
        published: time(one, "/PublishedDate"),
        modified: time(one, "/LastModifiedDate"),
        references: words("References")
            .into_iter()
            .map(|url| Link { kind: LinkKind::Web, url })
            .collect(),
        advisories: vec![advisory],
        kev: None,
        epss: None,
        evidence: Vec::new(),
        suppressed: None,
        loaded: None,
    }
}

/// By its word, or by its number in Trivy's protocol.
fn severity(value: Option<&Value>) -> Severity {
    match value.and_then(Value::as_u64) {
        Some(1) => Severity::Low,
        Some(2) => Severity::Medium,
        Some(3) => Severity::High,
        Some(4) => Severity::Critical,
        Some(_) => Severity::Unknown,
        None => value
            .and_then(Value::as_str)
            .and_then(|word| word.parse().ok())
            .unwrap_or(Severity::Unknown),
    }
}

fn fix(one: &Value) -> FixState {
    let fixed = text(one, "/FixedVersion");
    if !fixed.is_empty() {
        return FixState::Fixed(fixed.split(", ").map(str::to_owned).collect());
    }
    match text(one, "/Status") {
        "will_not_fix" => FixState::WillNotFix,
        "fix_deferred" => FixState::Deferred,
        "under_investigation" => FixState::UnderInvestigation,
        "end_of_life" => FixState::EndOfLife,
        _ => FixState::NotFixed,
    }
}

fn ratings(one: &Value) -> Vec<Rating> {
    let mut all = Vec::new();
    let of = one.get("CVSS").and_then(Value::as_object);
    for (source, cvss) in of.into_iter().flatten() {
        let levels = one.pointer("/VendorSeverity").and_then(|it| it.get(source));
        for (version, kind) in
            [("V2", RatingKind::CvssV2), ("V3", RatingKind::CvssV3), ("V40", RatingKind::CvssV4)]
        {
            let vector = text(cvss, &format!("/{version}Vector"));
            if vector.is_empty() {
                continue;
            }
            let score = cvss.get(format!("{version}Score")).and_then(Value::as_f64);
            #[expect(clippy::cast_possible_truncation, reason = "a score has one decimal")]
            let score = score.filter(|it| (0.0..=10.0).contains(it)).map(|it| it as f32);
            all.push(Rating {
                source: source.clone(),
                kind,
                value: vector.to_owned(),
                score,
                severity: severity(levels),
            });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn report() -> Value {
        json!({
            "SchemaVersion": 2, "CreatedAt": "2026-01-02T03:04:05Z", "ArtifactName": "shop:1", "ArtifactType": "container_image",
            "Metadata": {"OS": {"Family": "debian", "Name": "12.1"}},
            "Results": [
                {"Target": "shop:1 (debian 12.1)", "Class": "os-pkgs", "Type": "debian",
                 "Packages": [{"Name": "bash", "Version": "5.2", "Identifier": {"PURL": "pkg:deb/debian/bash@5.2?distro=debian-12.1"}}],
                 "Vulnerabilities": [{
                    "VulnerabilityID": "CVE-1", "PkgName": "bash", "InstalledVersion": "5.2", "FixedVersion": "5.3, 6.0",
                    "PkgIdentifier": {"PURL": "pkg:deb/debian/bash@5.2?distro=debian-12.1"}, "Severity": "HIGH",
                    "CVSS": {"nvd": {"V3Vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "V3Score": 9.8}},
                 }]},
                {"Target": "Node.js", "Class": "lang-pkgs", "Type": "node-pkg",
                 "Vulnerabilities": [{
                    "VulnerabilityID": "CVE-2", "PkgName": "ws", "InstalledVersion": "8.0.0", "Status": "will_not_fix",
                    "PkgPath": "app/node_modules/ws/package.json", "PkgIdentifier": {"PURL": "pkg:npm/ws@8.0.0"}, "Severity": "CRITICAL",
                 }]},
            ],
        })
    }

    #[test]
    fn a_report_becomes_a_scan_with_its_packages_and_findings() {
        let scan = converted(&report()).unwrap().scan;
        let ids: Vec<(&str, &str)> =
            scan.findings.iter().map(|it| (it.id.as_str(), it.package.name.as_str())).collect();
        assert_eq!(ids, [("CVE-2", "ws"), ("CVE-1", "bash")], "the worst first");
        assert_eq!(scan.findings[1].fix.nearest(), Some("5.3"));
        assert_eq!(scan.findings[0].fix, FixState::WillNotFix);
        assert_eq!(scan.findings[0].package.locations[0].path, "app/node_modules/ws/package.json");
        assert_eq!(scan.findings[1].ratings[0].score, Some(9.8));
        assert!(!scan.inventory.is_partial());
    }

    #[test]
    fn a_finding_of_no_package_is_told() {
        let mut report = report();
        report["Results"][1]["Vulnerabilities"][0]["PkgIdentifier"] = json!({});
        let scan = converted(&report).unwrap().scan;
        assert_eq!(scan.findings.len(), 1);
        assert!(scan.inventory.is_partial());
    }

    proptest! {
        #[test]
        fn no_report_panics(
            field in prop::sample::select(vec!["Target", "Class", "Packages", "Vulnerabilities", "Type"]),
            value in prop_oneof![
                Just(json!(null)), Just(json!([[], {}, 7, "x"])), Just(json!({"a": 1})), any::<u64>().prop_map(|it| json!(it)),
                ".{0,12}".prop_map(|it| json!([{"VulnerabilityID": it, "PkgName": it, "PkgIdentifier": {"PURL": it}, "CVSS": {"x": it}}])),
            ],
        ) {
            let mut report = report();
            report["Results"][0][field] = value;
            let _ = converted(&report);
        }
    }
}

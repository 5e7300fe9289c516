//! As `trivy --format json` lays a scan out, for programs that read that.
//!
//! Severities are its five words: what a vendor calls negligible is LOW. What was explained away is
//! left out, as Trivy leaves out what its ignore file names.
//!
//! Sources: <https://github.com/aquasecurity/trivy/blob/main/pkg/types/report.go> and
//! <https://trivy.dev/latest/docs/configuration/reporting/#json>.

mod packages;
mod source;
mod target;

use std::collections::BTreeMap;
use std::io::{self, Write};

use plimsoll_model::{
    Artifact, Finding, FixState, Inventory, Location, Package, RatingKind, Scan, Severity, copies,
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use self::target::Target;
use super::Format;
use super::grype::page;
use crate::Style;

pub(super) const FORMAT: Format = Format {
    name: "trivy-json",
    about: "as `trivy --format json` lays it out, schema version 2",
    needs_loaded: false,
    write,
};

fn write(scan: &Scan, _: &Style, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &document(scan, Vec::new(), true))?;
    out.write_all(b"\n")
}

/// The document, with results of other scanners behind those of vulnerabilities, and with or without
/// all packages.
pub fn document(scan: &Scan, others: Vec<Value>, lists_packages: bool) -> Value {
    let artifact = &scan.inventory.artifact;
    let mut results = results(scan, lists_packages);
    results.extend(others);
    let digest = artifact.config_digest.as_ref().or(artifact.manifest_digest.as_ref());
    let mut document = json!({
        "SchemaVersion": 2,
        "CreatedAt": scan.scanned_at.map(|at| at.to_string()),
        "ArtifactName": name(artifact),
        "ArtifactType": kind(artifact),
        "Metadata": metadata(scan),
        "Results": results,
    });
    let content = document.to_string();
    let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, content.as_bytes()).hyphenated().to_string();
    if let Value::Object(fields) = &mut document {
        fields.insert("ReportID".into(), json!(id));
        if let Some(digest) = digest {
            fields.insert("ArtifactID".into(), json!(digest.to_string()));
        }
    }
    document
}

/// As it was typed, without the source in front of it that Trivy does not know.
fn name(artifact: &Artifact) -> &str {
    let typed = artifact.reference.as_str();
    let ours = ["docker", "podman", "containerd", "registry", "docker-archive", "oci-dir"];
    let mut prefixes = ours.iter().chain(&["oci-archive", "dir", "rootfs", "sbom"]);
    let bare = prefixes.find_map(|prefix| typed.strip_prefix(prefix)?.strip_prefix(':'));
    let bare = bare.unwrap_or(typed);
    let bare = bare.strip_prefix("docker.io/").unwrap_or(bare);
    bare.strip_prefix("library/").unwrap_or(bare)
}

fn kind(artifact: &Artifact) -> &'static str {
    match artifact.source.as_str() {
        "dir" | "rootfs" => "filesystem",
        "repository" => "repository",
        "cyclonedx" | "syft" | "plimsoll" => "cyclonedx",
        "spdx" => "spdx",
        _ => "container_image",
    }
}

fn metadata(scan: &Scan) -> Value {
    let inventory = &scan.inventory;
    let artifact = &inventory.artifact;
    let mut all = Map::new();
    if artifact.size > 0 {
        all.insert("Size".into(), json!(artifact.size));
    }
    if let Some((family, release)) = target::system(inventory) {
        let mut system = json!({ "Family": family, "Name": release });
        let ended = inventory.distro.as_ref().and_then(|distro| distro.end_of_life);
        if let (Some(ended), Some(now), Value::Object(fields)) =
            (ended, scan.scanned_at, &mut system)
            && ended < now
        {
            fields.insert("EOSL".into(), json!(true));
        }
        all.insert("OS".into(), system);
    }
    if kind(artifact) != "container_image" {
        return Value::Object(all);
    }
    if let Some(digest) = &artifact.config_digest {
        all.insert("ImageID".into(), json!(digest.to_string()));
    }
    let diff_ids: Vec<String> =
        inventory.layers.iter().filter_map(|it| Some(it.diff_id.as_ref()?.to_string())).collect();
    if !diff_ids.is_empty() {
        all.insert("DiffIDs".into(), json!(diff_ids));
    }
    let tags: Vec<&String> = artifact.names.iter().filter(|name| !name.contains('@')).collect();
    if !tags.is_empty() {
        all.insert("RepoTags".into(), json!(tags));
    }
    if let (Some(digest), Some(tag)) = (&artifact.manifest_digest, artifact.names.first()) {
        let last = tag.rfind('/').map_or(0, |at| at.saturating_add(1));
        let colon =
            tag.get(last..).and_then(|name| name.find(':')).map(|at| at.saturating_add(last));
        let repository = colon.and_then(|at| tag.get(..at)).unwrap_or(tag);
        let repository = repository.split('@').next().unwrap_or(repository);
        all.insert("RepoDigests".into(), json!([format!("{repository}@{digest}")]));
    }
    all.insert("ImageConfig".into(), config(inventory, &diff_ids));
    let layer = |layer: &plimsoll_model::Layer| {
        let mut one = Map::new();
        one.insert("Size".into(), json!(layer.size));
        if let Some(digest) = &layer.digest {
            one.insert("Digest".into(), json!(digest.to_string()));
        }
        if let Some(digest) = &layer.diff_id {
            one.insert("DiffID".into(), json!(digest.to_string()));
        }
        Value::Object(one)
    };
    all.insert("Layers".into(), inventory.layers.iter().map(layer).collect());
    Value::Object(all)
}

/// What is known of the image's configuration. Its environment is left out: a report travels.
fn config(inventory: &Inventory, diff_ids: &[String]) -> Value {
    let artifact = &inventory.artifact;
    let platform = artifact.platform.as_ref();
    let history: Vec<Value> =
        inventory.layers.iter().map(|it| json!({ "created_by": it.created_by })).collect();
    let labels: BTreeMap<&String, &String> =
        artifact.labels.iter().map(|(name, value)| (name, value)).collect();
    let mut inner = Map::new();
    if !artifact.user.is_empty() {
        inner.insert("User".into(), json!(artifact.user));
    }
    if !artifact.command.is_empty() {
        inner.insert("Cmd".into(), json!(artifact.command));
    }
    if !labels.is_empty() {
        inner.insert("Labels".into(), json!(labels));
    }
    json!({
        "architecture": platform.map(|it| it.architecture.clone()).unwrap_or_default(),
        "created": artifact.created.map(|at| at.to_string()),
        "history": history,
        "os": platform.map(|it| it.os.clone()).unwrap_or_default(),
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
        "config": inner,
    })
}

/// What stands under one target.
#[derive(Default)]
struct Listed {
    packages: Vec<Value>,
    weaknesses: Vec<Value>,
}

fn results(scan: &Scan, lists_packages: bool) -> Vec<Value> {
    let inventory = &scan.inventory;
    let name = name(&inventory.artifact);
    let is_project =
        kind(&inventory.artifact) != "container_image" && inventory.artifact.source != "rootfs";
    let mut groups: BTreeMap<Target, Listed> = BTreeMap::new();
    if let Some(target) = Target::system(inventory, name) {
        groups.insert(target, Listed::default());
    }
    // What an image's lock files ask for is not in it, what a package of the distribution brought is that
    // package, and what is asked for in any version has none.
    let counts = |it: &&Package| {
        lists_packages
            && it.owner.is_none()
            && (is_project || !it.declared)
            && !(it.declared && it.version.is_empty())
    };
    for package in inventory.present().filter(counts) {
        for places in copies(package.kind, &package.locations, is_project) {
            let target = Target::of(package.kind, &places, inventory, name);
            let one = packages::package(package, &places, inventory, target.names_paths());
            groups.entry(target).or_default().packages.push(one);
        }
    }
    for finding in scan.findings.iter().filter(|finding| finding.suppressed.is_none()) {
        let package = &finding.package;
        for places in copies(package.kind, &package.locations, is_project) {
            let target = Target::of(package.kind, &places, inventory, name);
            let one = vulnerability(finding, &places, inventory, target.names_paths());
            groups.entry(target).or_default().weaknesses.push(one);
        }
    }
    groups
        .into_iter()
        .map(|(target, mut listed)| {
            sort(&mut listed.packages, ["Name", "Version", "ID", "FilePath"]);
            sort(
                &mut listed.weaknesses,
                ["PkgName", "InstalledVersion", "VulnerabilityID", "PkgPath"],
            );
            let mut result = json!({
                "Target": target.name, "Class": target.class.name(), "Type": target.kind,
            });
            let lists = [("Packages", listed.packages), ("Vulnerabilities", listed.weaknesses)];
            for (name, list) in lists {
                if let (Value::Object(fields), false) = (&mut result, list.is_empty()) {
                    fields.insert(name.into(), Value::Array(list));
                }
            }
            result
        })
        .collect()
}

fn sort(all: &mut [Value], by: [&str; 4]) {
    let text = |one: &Value, field: &str| {
        one.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    all.sort_by_cached_key(|one| by.map(|field| text(one, field)));
}

/// The layer that something came by.
fn origin(layer: Option<u32>, inventory: &Inventory) -> Option<Value> {
    let layer = inventory.layers.get(usize::try_from(layer?).ok()?)?;
    let mut origin = Map::new();
    if let Some(digest) = &layer.digest {
        origin.insert("Digest".into(), json!(digest.to_string()));
    }
    if let Some(digest) = &layer.diff_id {
        origin.insert("DiffID".into(), json!(digest.to_string()));
    }
    Some(Value::Object(origin))
}

/// Trivy's word for a severity.
pub fn severity(level: Severity) -> &'static str {
    match level {
        Severity::Critical => "CRITICAL",
        Severity::High => "HIGH",
        Severity::Medium => "MEDIUM",
        Severity::Low | Severity::Negligible => "LOW",
        Severity::Unknown => "UNKNOWN",
    }
}

fn vulnerability(
    finding: &Finding,
    places: &[Location],
    inventory: &Inventory,
    names_paths: bool,
) -> Value {
    let package = &finding.package;
    let mut one = json!({
        "VulnerabilityID": finding.id,
        "PkgID": format!("{}@{}", package.name, package.version),
        "PkgName": package.name,
        "PkgIdentifier": { "PURL": package.purl },
        "InstalledVersion": package.version,
        "Status": status(&finding.fix),
        "Severity": severity(finding.severity),
    });
    let Value::Object(fields) = &mut one else { return one };
    let mut put = |name: &str, value: Value| {
        fields.insert(name.to_owned(), value);
    };
    let place = places.first();
    if let Some(place) = place.filter(|_| names_paths) {
        put("PkgPath", json!(place.path));
    }
    if let FixState::Fixed(versions) = &finding.fix {
        put("FixedVersion", json!(versions.join(", ")));
    }
    if let Some(layer) = origin(place.and_then(|place| place.layer), inventory) {
        put("Layer", layer);
    }
    let other_ids: Vec<&String> = finding
        .advisories
        .iter()
        .map(|it| &it.id)
        // Some name an advisory by the CVE that it is about.
        .filter(|id| **id != finding.id && !id.starts_with("CVE-"))
        .filter(|id| !id.strip_suffix(finding.id.as_str()).is_some_and(|it| it.ends_with('-')))
        .collect();
    if !other_ids.is_empty() {
        put("VendorIDs", json!(other_ids));
    }
    if !finding.severity_source.is_empty() {
        put("SeveritySource", json!(finding.severity_source));
    }
    let url = page(finding);
    if !url.is_empty() {
        put("PrimaryURL", json!(url));
    }
    if let Some(first) = finding.advisories.first() {
        put("DataSource", source::of(first));
    }
    for (name, text) in [("Title", &finding.title), ("Description", &finding.description)] {
        if !text.is_empty() {
            put(name, json!(text));
        }
    }
    let vendors = vendors(finding);
    if !vendors.is_empty() {
        put("VendorSeverity", json!(vendors));
    }
    let cvss = cvss(finding);
    if !cvss.is_empty() {
        put("CVSS", json!(cvss));
    }
    if !finding.references.is_empty() {
        let urls: Vec<&String> = finding.references.iter().map(|link| &link.url).collect();
        put("References", json!(urls));
    }
    for (name, date) in
        [("PublishedDate", finding.published), ("LastModifiedDate", finding.modified)]
    {
        if let Some(date) = date {
            put(name, json!(date.to_string()));
        }
    }
    one
}

/// Trivy's word for whether there is a fix.
pub fn status(fix: &FixState) -> &'static str {
    match fix {
        FixState::Fixed(_) => "fixed",
        FixState::WillNotFix => "will_not_fix",
        FixState::Deferred => "fix_deferred",
        FixState::UnderInvestigation => "under_investigation",
        FixState::EndOfLife => "end_of_life",
        _ => "affected",
    }
}

/// Each source's level, as Trivy numbers them.
fn vendors(finding: &Finding) -> BTreeMap<&str, u8> {
    let number = |level: Severity| match level {
        Severity::Unknown => 0,
        Severity::Negligible | Severity::Low => 1,
        Severity::Medium => 2,
        Severity::High => 3,
        Severity::Critical => 4,
    };
    let mut all = BTreeMap::new();
    for rating in &finding.ratings {
        let level = all.entry(rating.source.as_str()).or_insert(0);
        *level = (*level).max(number(rating.severity));
    }
    all.retain(|_, level| *level > 0);
    all
}

fn cvss(finding: &Finding) -> BTreeMap<&str, Map<String, Value>> {
    let mut all: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for rating in &finding.ratings {
        let version = match rating.kind {
            RatingKind::CvssV2 => "V2",
            RatingKind::CvssV3 => "V3",
            RatingKind::CvssV4 => "V40",
            _ => continue,
        };
        let one = all.entry(rating.source.as_str()).or_default();
        one.insert(format!("{version}Vector"), json!(rating.value));
        if let Some(score) = rating.score.filter(|score| (0.0..=10.0).contains(score)) {
            // One decimal, as CVSS defines it.
            let tenths = (f64::from(score) * 10.0).round() / 10.0;
            one.insert(format!("{version}Score"), json!(tenths));
        }
    }
    all
}

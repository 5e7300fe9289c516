//! As `grype -o json` lays a scan out, for programs that read that.
//!
//! What was explained away stands among the ignored matches. Weaknesses go by the id that people
//! search for, as with `grype --by-cve`.
//!
//! Source: <https://github.com/anchore/grype/tree/main/schema/grype/json>.

mod detail;
mod risk;

use std::io::{self, Write};

use plimsoll_model::syft::{language, name_of, type_of};
use plimsoll_model::{
    Artifact, EcosystemName, Finding, FixState, Inventory, Location, Package, RatingKind, Scan,
    Severity, copies,
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Format;
use crate::Style;

pub(super) const FORMAT: Format = Format {
    name: "grype-json",
    about: "as `grype -o json` lays it out",
    needs_loaded: false,
    write,
};

fn write(scan: &Scan, _: &Style, out: &mut dyn Write) -> io::Result<()> {
    let inventory = &scan.inventory;
    let is_project = inventory.artifact.source == "dir";
    let of = |finding: &Finding| -> Vec<Value> {
        let package = &finding.package;
        let copies = copies(package.kind, &package.locations, is_project);
        copies.iter().map(|places| one(finding, places, inventory, scan)).collect()
    };
    let (counted, ignored): (Vec<&Finding>, Vec<&Finding>) =
        scan.findings.iter().partition(|finding| finding.suppressed.is_none());
    let mut document = json!({
        "matches": counted.into_iter().flat_map(of).collect::<Vec<_>>(),
        "source": source(inventory),
        "distro": distro(inventory),
        "descriptor": {
            "name": "plimsoll",
            "version": env!("CARGO_PKG_VERSION"),
            "timestamp": scan.scanned_at.map(|at| at.to_string()),
            "db": {
                "status": {
                    "built": scan.data.compiled.map(|at| at.to_string()),
                    "valid": !scan.data.starter,
                },
            },
        },
    });
    if let (Value::Object(fields), false) = (&mut document, ignored.is_empty()) {
        let of = |finding: &Finding| {
            let mut all = of(finding);
            for one in all.iter_mut().filter_map(Value::as_object_mut) {
                let rule = json!([{
                    "vulnerability": finding.id,
                    "reason": finding.suppressed.as_deref().unwrap_or_default(),
                }]);
                one.insert("appliedIgnoreRules".into(), rule);
            }
            all
        };
        let ignored: Vec<Value> = ignored.into_iter().flat_map(of).collect();
        fields.insert("ignoredMatches".into(), Value::Array(ignored));
    }
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

/// As it was typed, without the source in front.
fn typed(artifact: &Artifact) -> &str {
    let sources =
        ["docker", "podman", "containerd", "registry", "docker-archive", "oci-archive", "oci-dir"];
    let typed = artifact.reference.as_str();
    let bare = sources.iter().find_map(|it| typed.strip_prefix(it)?.strip_prefix(':'));
    bare.unwrap_or(typed)
}

fn source(inventory: &Inventory) -> Value {
    let artifact = &inventory.artifact;
    match artifact.source.as_str() {
        "dir" | "rootfs" => {
            let path = artifact.reference.split_once(':').map_or("", |(_, path)| path);
            return json!({ "type": "directory", "target": path });
        }
        "cyclonedx" | "spdx" | "syft" | "plimsoll" => {
            return json!({ "type": "sbom-file", "target": artifact.reference });
        }
        _ => {}
    }
    let digest = |digest: &Option<plimsoll_model::Digest>| {
        digest.as_ref().map(ToString::to_string).unwrap_or_default()
    };
    let layers: Vec<Value> = inventory
        .layers
        .iter()
        .map(|layer| {
            let stored = layer.diff_id.as_ref().or(layer.digest.as_ref());
            json!({
                "mediaType": layer.media_type,
                "digest": stored.map(ToString::to_string).unwrap_or_default(),
                "size": layer.size,
            })
        })
        .collect();
    let platform = artifact.platform.as_ref();
    let labels: Map<String, Value> =
        artifact.labels.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let labels = if labels.is_empty() { Value::Null } else { Value::Object(labels) };
    let tags: Vec<&String> = artifact.names.iter().filter(|name| !name.contains('@')).collect();
    json!({
        "type": "image",
        "target": {
            "userInput": typed(artifact),
            "imageID": digest(&artifact.config_digest),
            "manifestDigest": digest(&artifact.manifest_digest),
            "mediaType": "",
            "tags": tags,
            "imageSize": artifact.size,
            "layers": layers,
            "repoDigests": [],
            "architecture": platform.map(|it| it.architecture.as_str()).unwrap_or_default(),
            "os": platform.map(|it| it.os.as_str()).unwrap_or_default(),
            "labels": labels,
        },
    })
}

fn distro(inventory: &Inventory) -> Value {
    match &inventory.distro {
        Some(distro) => json!({
            "name": distro.id, "version": distro.version, "idLike": distro.id_like,
        }),
        None => json!({ "name": "", "version": "", "idLike": null }),
    }
}

fn one(finding: &Finding, places: &[Location], inventory: &Inventory, scan: &Scan) -> Value {
    let package = &finding.package;
    let installed = installed(finding, inventory);
    let upstreams = detail::upstreams(package, installed);
    let details = detail::of(finding, installed, inventory, &namespace(finding, inventory));
    let place = places.first().map_or("", |place| place.path.as_str());
    let id = format!("{}\n{place}", package.purl);
    let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, id.as_bytes()).simple().to_string();
    let primary = json!({ "evidence": "primary" });
    let locations: Vec<Value> = places
        .iter()
        .map(|place| {
            let path = format!("/{}", place.path);
            let layer = place.layer.and_then(|at| usize::try_from(at).ok());
            let layer = layer.and_then(|at| inventory.layers.get(at));
            let layer = layer.and_then(|it| it.diff_id.as_ref().or(it.digest.as_ref()));
            match layer {
                Some(layer) => json!({
                    "path": path, "layerID": layer.to_string(), "accessPath": path,
                    "annotations": primary,
                }),
                None => json!({ "path": path, "accessPath": path, "annotations": primary }),
            }
        })
        .collect();
    json!({
        "vulnerability": vulnerability(finding, &namespace(finding, inventory), scan),
        "relatedVulnerabilities": related(finding),
        "matchDetails": details,
        "artifact": {
            "id": id.get(..16).unwrap_or(&id),
            "name": name_of(package.kind, &package.name),
            "version": package.version,
            "type": type_of(package.kind),
            "locations": locations,
            "language": language(package.kind),
            "licenses": installed.map(|it| it.licenses.clone()).unwrap_or_default(),
            "cpes": [],
            "purl": package.purl,
            "upstreams": upstreams,
        },
    })
}

fn vulnerability(finding: &Finding, space: &str, scan: &Scan) -> Value {
    let urls: Vec<&String> = finding.references.iter().map(|link| &link.url).collect();
    let versions: &[String] = match &finding.fix {
        FixState::Fixed(versions) => versions,
        _ => &[],
    };
    let mut all = json!({
        "id": finding.id,
        "dataSource": record_page(finding),
        "namespace": space,
        "severity": severity(finding.severity),
        "urls": urls,
        "description": described(finding),
        "cvss": cvss(finding, |_| true),
        "fix": { "versions": versions, "state": state(&finding.fix) },
        "advisories": finding.advisories.iter().filter(|it| is_vendors(&it.id))
            .map(|it| json!({ "id": it.id, "link": "" })).collect::<Vec<_>>(),
        "risk": risk::of(finding),
    });
    let Value::Object(fields) = &mut all else { return all };
    if let Some(epss) = finding.epss {
        let date = scan.scanned_at.map(plimsoll_model::Timestamp::date);
        let whole = |n: f32| (f64::from(n) * 100_000.0).round() / 100_000.0;
        fields.insert(
            "epss".into(),
            json!([{
                "cve": finding.id, "epss": whole(epss.score),
                "percentile": whole(epss.percentile), "date": date,
            }]),
        );
    }
    if let Some(kev) = &finding.kev {
        fields.insert(
            "knownExploited".into(),
            json!([{
                "cve": finding.id,
                "dateAdded": kev.added.date(),
                "dueDate": kev.due.map(plimsoll_model::Timestamp::date),
                "knownRansomwareCampaignUse": if kev.ransomware { "Known" } else { "Unknown" },
            }]),
        );
    }
    all
}

/// Whether it is a vendor's notice, as `DSA-…` and `RHSA-…`, and no record of the weakness itself.
fn is_vendors(id: &str) -> bool {
    !id.contains("CVE-") && !id.starts_with("GHSA-")
}

/// Grype relates what NVD and GitHub have: NVD's record to a distribution's, GitHub's to NVD's.
fn related(finding: &Finding) -> Vec<Value> {
    let package = &finding.package;
    let urls: Vec<&String> = finding.references.iter().map(|link| &link.url).collect();
    let own = Some(&finding.id).filter(|id| package.kind.is_os() && id.starts_with("CVE-"));
    let is_known = |id: &&String| id.starts_with("CVE-") || id.starts_with("GHSA-");
    own.into_iter()
        .chain(finding.aliases.iter().filter(is_known))
        .map(|id| {
            let (space, source) = if id.starts_with("CVE-") {
                ("nvd:cpe".to_owned(), "nvd")
            } else {
                (format!("github:language:{}", language(package.kind)), "ghsa")
            };
            json!({
                "id": id, "dataSource": link(id), "namespace": space,
                "severity": severity(finding.severity), "urls": urls,
                "description": described(finding),
                "cvss": cvss(finding, |it| it == source),
            })
        })
        .collect()
}

/// The page of the record that was matched: GitHub's of a package of a language, where it has one.
fn record_page(finding: &Finding) -> String {
    let ghsa = finding.aliases.iter().find(|id| id.starts_with("GHSA-"));
    match ghsa.filter(|_| !finding.package.kind.is_os()) {
        Some(id) => link(id),
        None => page(finding),
    }
}

fn described(finding: &Finding) -> &str {
    if finding.description.is_empty() { &finding.title } else { &finding.description }
}

fn link(id: &str) -> String {
    if id.starts_with("CVE-") {
        format!("https://nvd.nist.gov/vuln/detail/{id}")
    } else if id.starts_with("GHSA-") {
        format!("https://github.com/advisories/{id}")
    } else {
        String::new()
    }
}

/// The page that people read about it.
pub(super) fn page(finding: &Finding) -> String {
    let link = link(&finding.id);
    if !link.is_empty() {
        return link;
    }
    finding.references.first().map(|link| link.url.clone()).unwrap_or_default()
}

/// The ratings of sources that are meant, under the names that Grype has for them.
fn cvss(finding: &Finding, is_meant: impl Fn(&str) -> bool) -> Vec<Value> {
    let mut all = Vec::new();
    for rating in finding.ratings.iter().filter(|rating| is_meant(&rating.source)) {
        let version = match rating.kind {
            RatingKind::CvssV2 => "2.0",
            RatingKind::CvssV3 if rating.value.starts_with("CVSS:3.0") => "3.0",
            RatingKind::CvssV3 => "3.1",
            RatingKind::CvssV4 => "4.0",
            _ => continue,
        };
        let mut metrics = Map::new();
        if let Some(score) = rating.score.filter(|score| (0.0..=10.0).contains(score)) {
            metrics.insert("baseScore".into(), json!((f64::from(score) * 10.0).round() / 10.0));
        }
        let source = match rating.source.as_str() {
            "nvd" => "nvd@nist.gov",
            "ghsa" => "security-advisories@github.com",
            other => other,
        };
        let is_first = rating.source == "nvd" || rating.source == finding.severity_source;
        let kind = if is_first { "Primary" } else { "Secondary" };
        all.push(json!({
            "source": source, "type": kind, "version": version,
            "vector": rating.value, "metrics": metrics, "vendorMetadata": {},
        }));
    }
    all
}

fn severity(level: Severity) -> &'static str {
    match level {
        Severity::Critical => "Critical",
        Severity::High => "High",
        Severity::Medium => "Medium",
        Severity::Low => "Low",
        Severity::Negligible => "Negligible",
        Severity::Unknown => "Unknown",
    }
}

/// Grype's word for whether there is a fix.
pub fn state(fix: &FixState) -> &'static str {
    match fix {
        FixState::Fixed(_) => "fixed",
        FixState::WillNotFix | FixState::EndOfLife => "wont-fix",
        FixState::UnderInvestigation => "unknown",
        _ => "not-fixed",
    }
}

/// Grype's word for how a match came about: by the package's own name or by its source package's.
pub fn match_type(finding: &Finding, inventory: &Inventory) -> &'static str {
    detail::kind(&finding.package, installed(finding, inventory))
}

/// The source package, where Grype tells one.
pub fn upstream<'a>(finding: &Finding, inventory: &'a Inventory) -> Option<&'a str> {
    let source = detail::upstream(&finding.package, installed(finding, inventory)?)?;
    Some(&source.name)
}

fn installed<'a>(finding: &Finding, inventory: &'a Inventory) -> Option<&'a Package> {
    usize::try_from(finding.package.index).ok().and_then(|at| inventory.packages.get(at))
}

/// Grype's name for whose record it is.
pub fn namespace(finding: &Finding, inventory: &Inventory) -> String {
    if finding.package.kind.is_os() {
        let distro = inventory.distro.as_ref();
        let release = distro.and_then(|it| it.ecosystem.as_ref());
        if let Some(release) = release {
            let name = match release.name() {
                EcosystemName::RedHat => "redhat",
                EcosystemName::AlmaLinux => "almalinux",
                EcosystemName::Amazon => "amazon",
                EcosystemName::Oracle => "oracle",
                _ => distro.map_or("", |it| it.id.as_str()),
            };
            let version = release.release().unwrap_or("rolling").trim_start_matches('v');
            return format!("{name}:distro:{name}:{version}");
        }
    }
    format!("github:language:{}", language(finding.package.kind))
}

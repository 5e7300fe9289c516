//! An image in Clair 2's words.

use std::collections::BTreeMap;

use plimsoll_model::{Finding, Package, RatingKind};
use serde::Serialize;
use serde_json::{Value, json};

use super::super::matcher::word;
use super::{ENGINE, namespace};
use crate::catalogue::Report;
use crate::store::foreign::Named;

/// A layer, and what is in it and in those below.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Layer {
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    namespace_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    parent_name: String,
    indexed_by_version: u8,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    features: Vec<Feature>,
}

/// A package: of a distribution, the one that it was built from, as advisories name it.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Feature {
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    namespace_name: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    version_format: &'static str,
    version: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    vulnerabilities: Vec<Vulnerability>,
    #[serde(skip_serializing_if = "String::is_empty")]
    added_by: String,
}

/// A weakness.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Vulnerability {
    pub(super) name: String,
    pub(super) namespace_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) description: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) link: String,
    pub(super) severity: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) metadata: Option<Value>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) fixed_by: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) fixed_in: Vec<Feature>,
}

impl Feature {
    /// A version of a package that has a fix.
    pub(super) fn fix(name: &str, namespace: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            namespace_name: namespace.to_owned(),
            version: version.to_owned(),
            ..Self::default()
        }
    }
}

fn vulnerability(finding: &Finding, namespace: &str) -> Vulnerability {
    let text = if finding.description.is_empty() { &finding.title } else { &finding.description };
    let cvss = |kind: RatingKind| {
        let rating = finding.ratings.iter().find(|it| it.kind == kind && it.score.is_some())?;
        let score = rating.score.map(|score| (f64::from(score) * 10.0).round() / 10.0);
        Some(json!({"Score": score, "Vectors": rating.value}))
    };
    let named = [("CVSSv2", RatingKind::CvssV2), ("CVSSv3", RatingKind::CvssV3)];
    let scores: serde_json::Map<String, Value> =
        named.into_iter().filter_map(|(name, kind)| Some((name.to_owned(), cvss(kind)?))).collect();
    Vulnerability {
        name: finding.id.clone(),
        namespace_name: namespace.to_owned(),
        description: text.clone(),
        link: finding.references.first().map(|link| link.url.clone()).unwrap_or_default(),
        severity: word(finding.severity).to_owned(),
        metadata: (!scores.is_empty()).then(|| json!({"NVD": scores})),
        fixed_by: finding.fix.nearest().unwrap_or_default().to_owned(),
        fixed_in: Vec::new(),
    }
}

/// Name and version that a package is listed under.
fn listed(package: &Package) -> (String, String) {
    let source =
        package.source.as_ref().filter(|it| package.kind.is_os() && !it.version.is_empty());
    match source {
        Some(source) => (source.name.clone(), source.version.clone()),
        None => (package.name.clone(), package.version.clone()),
    }
}

/// The image that ends with the last of these layers.
pub(super) fn layer(
    report: &Report,
    layers: &[Named],
    with_features: bool,
    with_vulnerabilities: bool,
) -> Layer {
    let inventory = &report.inventory;
    let distro = inventory.distro.as_ref();
    let mut features: BTreeMap<(String, String, String), Feature> = BTreeMap::new();
    let packages = inventory.packages.iter().filter(|it| with_features && it.removed_in.is_none());
    for package in packages {
        let (name, version) = listed(package);
        let namespace = namespace::of_package(package, distro);
        let at = package.locations.first().and_then(|it| it.layer);
        let added = at.and_then(|at| layers.get(usize::try_from(at).ok()?));
        features.entry((namespace.clone(), name.clone(), version.clone())).or_insert_with(|| {
            Feature {
                name,
                namespace_name: namespace,
                version_format: namespace::version_format(package.kind),
                version,
                vulnerabilities: Vec::new(),
                added_by: added.map(|it| it.name.clone()).unwrap_or_default(),
            }
        });
    }
    for finding in report.findings.iter().filter(|_| with_vulnerabilities) {
        let at = usize::try_from(finding.package.index).ok();
        let Some(package) = at.and_then(|at| inventory.packages.get(at)) else { continue };
        let (name, version) = listed(package);
        let namespace = namespace::of_package(package, distro);
        let Some(feature) = features.get_mut(&(namespace.clone(), name, version)) else { continue };
        if !feature.vulnerabilities.iter().any(|it| it.name == finding.id) {
            feature.vulnerabilities.push(vulnerability(finding, &namespace));
        }
    }
    let top = layers.last();
    Layer {
        name: top.map(|it| it.name.clone()).unwrap_or_default(),
        namespace_name: distro.map(namespace::of_distro).unwrap_or_default(),
        parent_name: top.map(|it| it.detail.clone()).unwrap_or_default(),
        indexed_by_version: ENGINE,
        features: features.into_values().collect(),
    }
}

//! SPDX 2.3 in JSON.
//!
//! There is no list of files: SPDX wants the SHA-1 of each, and most files are never read. The
//! path and layer of a package stand in its `sourceInfo`.
//!
//! Source: <https://spdx.github.io/spdx-spec/v2.3/>.

use std::collections::BTreeMap;
use std::io::{self, Write};

use plimsoll_model::{Distro, Inventory, Location, Package as Installed};
use serde::Serialize;
use uuid::Uuid;

use super::Format;
use crate::bill::{Bill, Node, Part, contact, hash_names, one_line};
use crate::licence::Declared;

pub(super) const FORMAT: Format = Format { name: "spdx-json", about: "SPDX 2.3", write };

const NO_ASSERTION: &str = "NOASSERTION";
/// So many places of one package are named.
const PLACES: usize = 20;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'b> {
    spdx_version: &'static str,
    data_license: &'static str,
    #[serde(rename = "SPDXID")]
    id: &'static str,
    name: &'b str,
    #[serde(rename = "documentNamespace")]
    namespace: String,
    creation_info: CreationInfo,
    packages: Vec<Package<'b>>,
    relationships: Vec<Relationship>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    has_extracted_licensing_infos: Vec<ExtractedLicence>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CreationInfo {
    created: String,
    creators: [String; 1],
    license_list_version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'static str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Package<'b> {
    #[serde(rename = "SPDXID")]
    id: String,
    name: &'b str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_info: Option<&'b str>,
    supplier: String,
    download_location: &'static str,
    files_analyzed: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checksums: Vec<Checksum>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_info: Option<String>,
    license_concluded: &'static str,
    license_declared: String,
    copyright_text: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<&'b str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_refs: Vec<ExternalRef<'b>>,
    primary_package_purpose: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Checksum {
    algorithm: &'static str,
    checksum_value: String,
}

#[derive(Debug, Serialize)]
struct ExternalRef<'b> {
    #[serde(rename = "referenceCategory")]
    category: &'static str,
    #[serde(rename = "referenceType")]
    kind: &'static str,
    #[serde(rename = "referenceLocator")]
    locator: &'b str,
}

#[derive(Debug, Serialize)]
struct Relationship {
    #[serde(rename = "spdxElementId")]
    from: String,
    #[serde(rename = "relatedSpdxElement")]
    to: String,
    #[serde(rename = "relationshipType")]
    kind: &'static str,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct ExtractedLicence {
    license_id: String,
    extracted_text: String,
    name: String,
}

fn write(inventory: &Inventory, out: &mut dyn Write) -> io::Result<()> {
    let bill = Bill::of(inventory);
    let mut licences = Licences::default();
    let mut packages = vec![root(&bill)];
    packages.extend(bill.system.map(system));
    for part in &bill.parts {
        packages.push(package(part, &bill, &mut licences));
    }
    let partial = "The artifact could not be read whole: packages may be missing.";
    let version: String =
        ::spdx::license_version().splitn(3, '.').take(2).collect::<Vec<_>>().join(".");
    let mut document = Document {
        spdx_version: "SPDX-2.3",
        data_license: "CC0-1.0",
        id: "SPDXRef-DOCUMENT",
        name: &bill.root.name,
        namespace: String::new(),
        creation_info: CreationInfo {
            created: String::new(),
            creators: [format!("Tool: plimsoll-{}", env!("CARGO_PKG_VERSION"))],
            license_list_version: version.trim_start_matches('v').to_owned(),
            comment: inventory.is_partial().then_some(partial),
        },
        packages,
        relationships: relationships(&bill),
        has_extracted_licensing_infos: licences.0.into_values().collect(),
    };
    let content = serde_json::to_vec(&document)?;
    document.namespace = Uuid::new_v5(&Uuid::NAMESPACE_URL, &content).urn().to_string();
    document.creation_info.created = bill.created.to_string();
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

fn reference(bill: &Bill<'_>, node: Node) -> String {
    format!("SPDXRef-{}", bill.id(node))
}

fn relationships(bill: &Bill<'_>) -> Vec<Relationship> {
    let relationship = |from: String, kind, to: String| Relationship { from, to, kind };
    let root = || reference(bill, Node::Root);
    let mut all = vec![relationship("SPDXRef-DOCUMENT".into(), "DESCRIBES", root())];
    let held = bill.edges.iter().map(|(node, _)| *node).filter(|node| *node != Node::Root);
    all.extend(held.map(|node| relationship(root(), "CONTAINS", reference(bill, node))));
    for (from, to) in &bill.edges {
        let edge = |node: &Node| {
            relationship(reference(bill, *from), "DEPENDS_ON", reference(bill, *node))
        };
        all.extend(to.iter().map(edge));
    }
    all
}

fn root<'b>(bill: &'b Bill<'_>) -> Package<'b> {
    let artifact = &bill.inventory.artifact;
    let digest = artifact.manifest_digest.as_ref();
    let checksum = digest.and_then(|digest| {
        let (_, algorithm) = hash_names(digest.algorithm().name(), digest.hex())?;
        Some(Checksum { algorithm, checksum_value: digest.hex().to_owned() })
    });
    Package {
        id: reference(bill, Node::Root),
        name: &bill.root.name,
        version_info: bill.root.version.as_deref(),
        supplier: NO_ASSERTION.into(),
        download_location: NO_ASSERTION,
        files_analyzed: false,
        checksums: checksum.into_iter().collect(),
        source_info: None,
        license_concluded: NO_ASSERTION,
        license_declared: NO_ASSERTION.into(),
        copyright_text: NO_ASSERTION,
        summary: None,
        external_refs: bill.root.purl.as_deref().map(purl).into_iter().collect(),
        primary_package_purpose: if bill.root.is_image { "CONTAINER" } else { "APPLICATION" },
    }
}

fn system(distro: &Distro) -> Package<'_> {
    let cpe = distro.cpe.as_deref().filter(|cpe| cpe.starts_with("cpe:2.3:"));
    Package {
        id: "SPDXRef-os".into(),
        name: &distro.id,
        version_info: Some(distro.version.as_str()).filter(|version| !version.is_empty()),
        supplier: NO_ASSERTION.into(),
        download_location: NO_ASSERTION,
        files_analyzed: false,
        checksums: Vec::new(),
        source_info: None,
        license_concluded: NO_ASSERTION,
        license_declared: NO_ASSERTION.into(),
        copyright_text: NO_ASSERTION,
        summary: Some(distro.name.as_str()).filter(|name| !name.is_empty()),
        external_refs: cpe
            .map(|locator| ExternalRef { category: "SECURITY", kind: "cpe23Type", locator })
            .into_iter()
            .collect(),
        primary_package_purpose: "OPERATING_SYSTEM",
    }
}

fn purl(locator: &str) -> ExternalRef<'_> {
    ExternalRef { category: "PACKAGE-MANAGER", kind: "purl", locator }
}

fn package<'b>(part: &'b Part<'_>, bill: &Bill<'_>, licences: &mut Licences) -> Package<'b> {
    let installed = part.package;
    let checksum = |hash: &plimsoll_model::Hash| {
        let (_, algorithm) = hash_names(&hash.algorithm, &hash.hex)?;
        Some(Checksum { algorithm, checksum_value: hash.hex.to_ascii_lowercase() })
    };
    Package {
        id: format!("SPDXRef-{}", part.id),
        name: if installed.name.is_empty() { "unknown" } else { &installed.name },
        version_info: Some(installed.version.as_str()).filter(|version| !version.is_empty()),
        supplier: installed.supplier.as_deref().map_or(NO_ASSERTION.into(), supplier),
        download_location: NO_ASSERTION,
        files_analyzed: false,
        checksums: installed.hashes.iter().filter_map(checksum).collect(),
        source_info: source_info(installed, bill),
        license_concluded: NO_ASSERTION,
        license_declared: licences.declared(&part.licence),
        copyright_text: NO_ASSERTION,
        summary: None,
        external_refs: part.purl.as_deref().map(purl).into_iter().collect(),
        primary_package_purpose: "LIBRARY",
    }
}

/// Whether a supplier is a person cannot be told from its name.
fn supplier(text: &str) -> String {
    match contact(text) {
        (name, _) if name.is_empty() => NO_ASSERTION.into(),
        (name, Some(address)) => format!("Organization: {name} ({address})"),
        (name, None) => format!("Organization: {name}"),
    }
}

/// Where the package was found, and in which layer.
fn source_info(package: &Installed, bill: &Bill<'_>) -> Option<String> {
    let place = |place: &Location| {
        let line = place.line.map(|line| format!(":{line}")).unwrap_or_default();
        let layer = bill.layer(place).map(|(index, digest, made_by)| {
            let digest = digest.map(|digest| format!(" {digest}")).unwrap_or_default();
            let made_by = if made_by.is_empty() { String::new() } else { format!(" {made_by}") };
            format!(" (layer #{index}{digest}{made_by})")
        });
        format!("{}{line}{}", place.path, layer.unwrap_or_default())
    };
    let places: Vec<String> = package.locations.iter().take(PLACES).map(place).collect();
    let mut info = Vec::new();
    if !places.is_empty() {
        info.push(format!("found in {}", places.join(", ")));
    }
    if let Some(source) = &package.source {
        info.push(format!("built from {} {}", source.name, source.version));
    }
    if let Some(owner) = &package.owner {
        info.push(format!("owned by {owner}"));
    }
    Some(one_line(&info.join("; "))).filter(|info| !info.is_empty())
}

/// Licences that SPDX does not list, by the id that this document gives them.
#[derive(Debug, Default)]
struct Licences(BTreeMap<String, ExtractedLicence>);

impl Licences {
    fn declared(&mut self, licence: &Declared) -> String {
        match licence {
            Declared::None => NO_ASSERTION.into(),
            Declared::Expression(text) => text.clone(),
            Declared::Names(names) => {
                let ids: Vec<String> = names.iter().map(|name| self.reference(name)).collect();
                ids.join(" AND ")
            }
        }
    }

    fn reference(&mut self, text: &str) -> String {
        // A name beside others may well be on the list.
        if let Declared::Expression(known) = crate::licence::declared(&[text.to_owned()]) {
            return if known.contains(' ') { format!("({known})") } else { known };
        }
        let hash = Uuid::new_v5(&Uuid::NAMESPACE_URL, text.as_bytes()).simple().to_string();
        let fit = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
        let word: String = text.chars().map(fit).take(40).collect();
        let id =
            format!("LicenseRef-{}-{}", word.trim_matches('-'), hash.get(..12).unwrap_or(&hash));
        self.0.entry(id.clone()).or_insert_with(|| ExtractedLicence {
            license_id: id.clone(),
            extracted_text: text.to_owned(),
            name: one_line(text),
        });
        id
    }
}

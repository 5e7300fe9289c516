//! CycloneDX 1.6 in JSON.
//!
//! Source: <https://cyclonedx.org/docs/1.6/json/>.

use std::io::{self, Write};

use plimsoll_model::{Distro, PackageKind, Scope};
use serde::Serialize;
use uuid::Uuid;

use super::Format;
use crate::bill::{Bill, Node, Part, contact, hash_names, one_line};
use crate::licence::Declared;

pub(super) const FORMAT: Format = Format { name: "cyclonedx-json", about: "CycloneDX 1.6", write };

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'b> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    bom_format: &'static str,
    spec_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial_number: Option<String>,
    version: u32,
    metadata: Metadata<'b>,
    components: Vec<Component<'b>>,
    dependencies: Vec<Dependency<'b>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    compositions: Vec<Composition>,
}

#[derive(Debug, Serialize)]
struct Metadata<'b> {
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    tools: Tools,
    component: Component<'b>,
}

#[derive(Debug, Serialize)]
struct Tools {
    components: [Tool; 1],
}

#[derive(Debug, Serialize)]
struct Tool {
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'static str,
    version: &'static str,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Component<'b> {
    #[serde(rename = "type")]
    kind: &'static str,
    bom_ref: &'b str,
    #[serde(skip_serializing_if = "Option::is_none")]
    supplier: Option<Supplier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'b str>,
    name: &'b str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'b str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'b str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash<'b>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    licenses: Vec<License<'b>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpe: Option<&'b str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<&'b str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Evidence<'b>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property>,
}

#[derive(Debug, Serialize)]
struct Supplier {
    name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    contact: Vec<Contact>,
}

#[derive(Debug, Serialize)]
struct Contact {
    email: String,
}

#[derive(Debug, Serialize)]
struct Hash<'b> {
    alg: &'static str,
    content: &'b str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum License<'b> {
    /// Also for a single id: the list in the schema is older than SPDX's.
    Expression(&'b str),
    License {
        name: &'b str,
    },
}

#[derive(Debug, Serialize)]
struct Evidence<'b> {
    occurrences: Vec<Occurrence<'b>>,
}

#[derive(Debug, Serialize)]
struct Occurrence<'b> {
    location: &'b str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
}

#[derive(Debug, Serialize)]
struct Property {
    name: &'static str,
    value: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Dependency<'b> {
    #[serde(rename = "ref")]
    reference: &'b str,
    depends_on: Vec<&'b str>,
}

#[derive(Debug, Serialize)]
struct Composition {
    aggregate: &'static str,
    assemblies: [&'static str; 1],
}

fn write(inventory: &plimsoll_model::Inventory, out: &mut dyn Write) -> io::Result<()> {
    let bill = Bill::of(inventory);
    let mut components: Vec<Component<'_>> =
        bill.parts.iter().map(|part| component(part, &bill)).collect();
    components.extend(bill.system.map(|distro| system(distro, &bill)));
    let edge = |(from, to): &(Node, Vec<Node>)| Dependency {
        reference: bill.id(*from),
        depends_on: to.iter().map(|node| bill.id(*node)).collect(),
    };
    let partial = Composition { aggregate: "incomplete", assemblies: ["root"] };
    let mut document = Document {
        schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
        bom_format: "CycloneDX",
        spec_version: "1.6",
        serial_number: None,
        version: 1,
        metadata: Metadata {
            timestamp: None,
            tools: Tools {
                components: [Tool {
                    kind: "application",
                    name: "plimsoll",
                    version: env!("CARGO_PKG_VERSION"),
                }],
            },
            component: root(&bill),
        },
        components,
        dependencies: bill.edges.iter().map(edge).collect(),
        compositions: inventory.is_partial().then_some(partial).into_iter().collect(),
    };
    let content = serde_json::to_vec(&document)?;
    document.serial_number = Some(Uuid::new_v5(&Uuid::NAMESPACE_URL, &content).urn().to_string());
    document.metadata.timestamp = Some(bill.created.to_string());
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

fn root<'b>(bill: &'b Bill<'_>) -> Component<'b> {
    Component {
        kind: if bill.root.is_image { "container" } else { "application" },
        bom_ref: bill.id(Node::Root),
        name: &bill.root.name,
        version: bill.root.version.as_deref(),
        purl: bill.root.purl.as_deref(),
        ..Component::default()
    }
}

fn system<'b>(distro: &'b Distro, bill: &'b Bill<'_>) -> Component<'b> {
    Component {
        kind: "operating-system",
        bom_ref: bill.id(Node::System),
        name: &distro.id,
        version: Some(distro.version.as_str()).filter(|version| !version.is_empty()),
        description: Some(distro.name.as_str()).filter(|name| !name.is_empty()),
        cpe: distro.cpe.as_deref().filter(|cpe| cpe.starts_with("cpe:2.3:")),
        ..Component::default()
    }
}

fn component<'b>(part: &'b Part<'_>, bill: &'b Bill<'_>) -> Component<'b> {
    let package = part.package;
    let (group, name) = match package.kind {
        PackageKind::Maven => package.name.split_once(':'),
        PackageKind::Npm | PackageKind::Composer => package.name.split_once('/'),
        _ => None,
    }
    .map_or((None, package.name.as_str()), |(group, name)| (Some(group), name));
    let hash = |hash: &'b plimsoll_model::Hash| {
        let (alg, _) = hash_names(&hash.algorithm, &hash.hex)?;
        Some(Hash { alg, content: &hash.hex })
    };
    Component {
        kind: "library",
        bom_ref: &part.id,
        supplier: package.supplier.as_deref().map(supplier),
        group,
        name: if name.is_empty() { "unknown" } else { name },
        version: Some(package.version.as_str()).filter(|version| !version.is_empty()),
        scope: Some(match package.scope {
            // A lock file in an image asks for more than was installed.
            _ if package.declared && bill.inventory.artifact.source != "dir" => "excluded",
            Scope::Runtime => "required",
            Scope::Optional => "optional",
            Scope::Development => "excluded",
        }),
        hashes: package.hashes.iter().filter_map(hash).collect(),
        licenses: match &part.licence {
            Declared::None => Vec::new(),
            Declared::Expression(text) => vec![License::Expression(text)],
            Declared::Names(names) => names.iter().map(|name| License::License { name }).collect(),
        },
        purl: part.purl.as_deref(),
        evidence: evidence(part),
        properties: properties(part, bill),
        ..Component::default()
    }
}

fn supplier(text: &str) -> Supplier {
    let (name, address) = contact(text);
    Supplier { name, contact: address.map(|email| Contact { email }).into_iter().collect() }
}

fn evidence<'b>(part: &'b Part<'_>) -> Option<Evidence<'b>> {
    let mut places: Vec<(&str, Option<u32>)> =
        part.package.locations.iter().map(|place| (place.path.as_str(), place.line)).collect();
    places.sort_unstable();
    places.dedup();
    let occurrence = |(location, line): (&'b str, _)| Occurrence { location, line };
    let occurrences: Vec<_> = places.into_iter().map(occurrence).collect();
    (!occurrences.is_empty()).then_some(Evidence { occurrences })
}

fn properties(part: &Part<'_>, bill: &Bill<'_>) -> Vec<Property> {
    let package = part.package;
    let mut properties = vec![("plimsoll:cataloguer", package.cataloguer.clone())];
    properties.extend(package.owner.clone().map(|owner| ("plimsoll:owner", owner)));
    if let Some((index, digest, made_by)) =
        package.locations.first().and_then(|place| bill.layer(place))
    {
        properties.extend(digest.map(|digest| ("plimsoll:layer", digest)));
        properties.push(("plimsoll:created-by", made_by.to_owned()));
        properties.push(("plimsoll:layer-index", index.to_string()));
    }
    if let Some(source) = &package.source {
        properties.push(("plimsoll:source", format!("{}@{}", source.name, source.version)));
    }
    properties.extend(package.module.clone().map(|module| ("plimsoll:module", module)));
    properties.extend(package.notes.iter().map(|note| ("plimsoll:note", note.clone())));
    properties.into_iter().map(|(name, value)| Property { name, value: one_line(&value) }).collect()
}

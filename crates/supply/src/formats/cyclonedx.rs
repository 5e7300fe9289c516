//! CycloneDX 1.6 in JSON.
//!
//! The document depends on nothing but the inventory: its time is the image's, its serial number
//! a UUID of its content, so that the same image gives the same bytes.
//!
//! Source: <https://cyclonedx.org/docs/1.6/json/>.

#![allow(clippy::indexing_slicing, reason = "setting a key of a JSON object cannot panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use plimsoll_model::{Inventory, Package, PackageKind, Purl, Scope};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Format;

pub(super) const FORMAT: Format = Format { name: "cyclonedx-json", about: "CycloneDX 1.6", write };

fn write(inventory: &Inventory, out: &mut dyn Write) -> io::Result<()> {
    let packages: Vec<&Package> = inventory.present().collect();
    let references: Vec<String> = packages
        .iter()
        .enumerate()
        .map(|(at, package)| format!("{at}-{}", purl(package, inventory)))
        .collect();
    let mut components: Vec<Value> = packages
        .iter()
        .zip(&references)
        .map(|(package, reference)| component(package, reference, inventory))
        .collect();
    if let Some(distro) = inventory.distro.as_ref().filter(|distro| !distro.id.is_empty()) {
        components.push(json!({
            "type": "operating-system", "bom-ref": "os", "name": distro.id,
            "version": distro.version, "description": distro.name,
        }));
    }
    let mut document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "metadata": {
            "tools": {"components": [{"type": "application", "name": "plimsoll", "version": env!("CARGO_PKG_VERSION")}]},
            "component": root(inventory),
        },
        "components": components,
        "dependencies": dependencies(&packages, &references),
    });
    if let (Some(created), Some(metadata)) =
        (inventory.artifact.created, document.get_mut("metadata"))
    {
        metadata["timestamp"] = json!(created.to_string());
    }
    let serial = Uuid::new_v5(&Uuid::NAMESPACE_URL, document.to_string().as_bytes());
    document["serialNumber"] = json!(serial.urn().to_string());
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

fn purl(package: &Package, inventory: &Inventory) -> String {
    Purl::of(package, inventory.distro.as_ref()).to_string()
}

fn root(inventory: &Inventory) -> Value {
    let artifact = &inventory.artifact;
    let kind = if inventory.layers.is_empty() { "application" } else { "container" };
    let name = artifact.names.first().unwrap_or(&artifact.reference);
    let mut root = json!({"type": kind, "bom-ref": "root", "name": name});
    if let Some(digest) = artifact.manifest_digest.as_ref().or(artifact.config_digest.as_ref()) {
        root["version"] = json!(digest.to_string());
    }
    root
}

fn component(package: &Package, reference: &str, inventory: &Inventory) -> Value {
    let (group, name) = match package.kind {
        PackageKind::Maven => package.name.split_once(':'),
        PackageKind::Npm | PackageKind::Composer => package.name.split_once('/'),
        _ => None,
    }
    .map_or((None, package.name.as_str()), |(group, name)| (Some(group), name));
    let mut component = json!({
        "type": "library", "bom-ref": reference, "name": name, "version": package.version,
        "purl": purl(package, inventory), "properties": properties(package, inventory),
        "scope": if package.scope == Scope::Runtime { "required" } else { "optional" },
    });
    if let Some(group) = group {
        component["group"] = json!(group);
    }
    if let Some(supplier) = &package.supplier {
        component["supplier"] = json!({"name": supplier});
    }
    if !package.licenses.is_empty() {
        // Written as declared: whether it is an SPDX expression is for its reader to say.
        let name = |license: &String| json!({"license": {"name": license}});
        component["licenses"] = package.licenses.iter().map(name).collect();
    }
    let places: BTreeSet<&str> =
        package.locations.iter().map(|location| location.path.as_str()).collect();
    if !places.is_empty() {
        let place = |path: &str| json!({"location": path});
        component["evidence"] =
            json!({"occurrences": places.into_iter().map(place).collect::<Vec<_>>()});
    }
    component
}

fn properties(package: &Package, inventory: &Inventory) -> Value {
    let mut properties = vec![("plimsoll:cataloguer", package.cataloguer.clone())];
    properties.extend(package.owner.clone().map(|owner| ("plimsoll:owner", owner)));
    let layer = package.locations.first().and_then(|location| location.layer);
    if let Some(layer) = layer.and_then(|at| inventory.layers.get(usize::try_from(at).ok()?)) {
        let digest = layer.diff_id.as_ref().or(layer.digest.as_ref());
        properties.extend(digest.map(|digest| ("plimsoll:layer", digest.to_string())));
        properties.push(("plimsoll:created-by", layer.created_by.clone()));
    }
    properties.into_iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
}

/// The root needs what nothing else needs; the others what they state, of their own kind.
fn dependencies(packages: &[&Package], references: &[String]) -> Value {
    let mut by_name: BTreeMap<(&str, &str), Vec<&String>> = BTreeMap::new();
    for (package, reference) in packages.iter().zip(references) {
        by_name.entry((package.kind.purl_type(), &package.name)).or_default().push(reference);
    }
    let mut needed: BTreeSet<&String> = BTreeSet::new();
    let mut edges: Vec<(&String, BTreeSet<&String>)> = Vec::new();
    for (package, reference) in packages.iter().zip(references) {
        let found = package
            .depends_on
            .iter()
            .filter_map(|name| by_name.get(&(package.kind.purl_type(), name.as_str())));
        let on: BTreeSet<&String> =
            found.flatten().copied().filter(|other| *other != reference).collect();
        needed.extend(&on);
        edges.push((reference, on));
    }
    let top: Vec<&String> =
        references.iter().filter(|reference| !needed.contains(reference)).collect();
    let mut all = vec![json!({"ref": "root", "dependsOn": top})];
    all.extend(edges.into_iter().map(|(reference, on)| json!({"ref": reference, "dependsOn": on})));
    Value::Array(all)
}

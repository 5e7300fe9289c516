//! As `syft -o json` lays an inventory out: packages, their relations, the source.
//!
//! Of the package managers' own records that Syft keeps beside each package, there is what tells the source of a
//! distribution's package: Grype finds it by nothing else.
//!
//! Source: <https://github.com/anchore/syft/blob/main/schema/json>.

mod record;

use std::collections::BTreeMap;
use std::io::{self, Write};

use plimsoll_model::syft::{language, name_of, type_of};
use plimsoll_model::{Inventory, Location, Package, PackageKind, Purl, copies};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Format;
use crate::licence::{Declared, declared};

pub(super) const FORMAT: Format =
    Format { name: "syft-json", about: "as `syft -o json` lays it out", write };

/// The schema that it is laid out by.
const SCHEMA: &str = "16.1.13";

fn write(inventory: &Inventory, out: &mut dyn Write) -> io::Result<()> {
    let is_project = inventory.artifact.source == "dir";
    let present: Vec<(&Package, Vec<Location>)> = inventory
        .present()
        .flat_map(|package| {
            let copies = copies(package.kind, &package.locations, is_project);
            copies.into_iter().map(move |places| (package, places))
        })
        .collect();
    let ids: Vec<String> =
        present.iter().map(|(package, places)| id(package, places, inventory)).collect();
    let mut by_name: BTreeMap<(PackageKind, &str), &str> = BTreeMap::new();
    for ((package, _), id) in present.iter().zip(&ids) {
        by_name.entry((package.kind, package.name.as_str())).or_insert(id);
    }
    let artifacts: Vec<Value> = present
        .iter()
        .zip(&ids)
        .map(|((package, places), id)| artifact(package, places, id, inventory))
        .collect();
    let (source, root) = source(inventory);
    let mut relations: Vec<Value> =
        ids.iter().map(|id| json!({ "parent": root, "child": id, "type": "contains" })).collect();
    for ((package, _), id) in present.iter().zip(&ids) {
        for needed in &package.depends_on {
            if let Some(other) = by_name.get(&(package.kind, needed.as_str())) {
                relations.push(json!({ "parent": other, "child": id, "type": "dependency-of" }));
            }
        }
    }
    let distro = inventory.distro.as_ref().map(|distro| {
        let mut release = json!({
            "prettyName": distro.name, "name": distro.name, "id": distro.id,
            "version": distro.version, "versionID": distro.version,
        });
        if let Value::Object(fields) = &mut release {
            if !distro.id_like.is_empty() {
                fields.insert("idLike".into(), json!(distro.id_like));
            }
            let more = [("versionCodename", &distro.codename), ("cpeName", &distro.cpe)];
            for (name, value) in more {
                if let Some(value) = value {
                    fields.insert(name.into(), json!(value));
                }
            }
        }
        release
    });
    let document = json!({
        "artifacts": artifacts,
        "artifactRelationships": relations,
        "source": source,
        "distro": distro.unwrap_or_else(|| json!({})),
        "descriptor": { "name": "plimsoll", "version": env!("CARGO_PKG_VERSION") },
        "schema": {
            "version": SCHEMA,
            "url": format!("https://raw.githubusercontent.com/anchore/syft/main/schema/json/schema-{SCHEMA}.json"),
        },
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

fn source(inventory: &Inventory) -> (Value, String) {
    let artifact = &inventory.artifact;
    let text = |digest: &Option<plimsoll_model::Digest>| {
        digest.as_ref().map(ToString::to_string).unwrap_or_default()
    };
    let short =
        |content: &str| Uuid::new_v5(&Uuid::NAMESPACE_URL, content.as_bytes()).simple().to_string();
    let is_folder = matches!(artifact.source.as_str(), "dir" | "rootfs");
    let name = artifact.names.first().unwrap_or(&artifact.reference);
    if is_folder {
        let path = artifact.reference.split_once(':').map_or("", |(_, path)| path);
        let id = short(&artifact.reference);
        let source = json!({
            "id": id, "name": path, "version": "", "type": "directory", "metadata": { "path": path },
        });
        return (source, id);
    }
    let manifest = text(&artifact.manifest_digest);
    let known = artifact.manifest_digest.as_ref().or(artifact.config_digest.as_ref());
    let id = known.map_or_else(|| short(name), |digest| digest.hex().to_owned());
    let layers: Vec<Value> = inventory
        .layers
        .iter()
        .map(|layer| {
            let digest = layer.diff_id.as_ref().or(layer.digest.as_ref());
            json!({
                "mediaType": layer.media_type, "size": layer.size,
                "digest": digest.map(ToString::to_string).unwrap_or_default(),
            })
        })
        .collect();
    let platform = artifact.platform.as_ref();
    let tags: Vec<&String> = artifact.names.iter().filter(|name| !name.contains('@')).collect();
    let labels: BTreeMap<&String, &String> =
        artifact.labels.iter().map(|(name, value)| (name, value)).collect();
    let (typed, tag) = typed(&artifact.reference);
    let mut source = json!({
        "id": id, "name": typed, "version": tag.unwrap_or(&manifest), "type": "image",
        "metadata": {
            "userInput": bare(&artifact.reference),
            "imageID": text(&artifact.config_digest),
            "manifestDigest": manifest,
            "mediaType": "",
            "tags": tags,
            "imageSize": artifact.size,
            "layers": layers,
            "repoDigests": [],
            "architecture": platform.map(|it| it.architecture.as_str()).unwrap_or_default(),
            "os": platform.map(|it| it.os.as_str()).unwrap_or_default(),
        },
    });
    if let (Some(metadata), false) = (source.get_mut("metadata"), labels.is_empty()) {
        metadata["labels"] = json!(labels);
    }
    (source, id)
}

/// As it was typed, without the source in front.
fn bare(reference: &str) -> &str {
    let sources =
        ["docker", "podman", "containerd", "registry", "docker-archive", "oci-archive", "oci-dir"];
    let bare = sources.iter().find_map(|it| reference.strip_prefix(it)?.strip_prefix(':'));
    bare.unwrap_or(reference)
}

/// The name of an image or file, and the tag or digest behind it.
fn typed(reference: &str) -> (&str, Option<&str>) {
    let bare = bare(reference);
    if let Some((name, digest)) = bare.split_once('@') {
        return (name, Some(digest));
    }
    match bare.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')) {
        Some((name, tag)) => (name, Some(tag)),
        None => (bare, None),
    }
}

fn id(package: &Package, places: &[Location], inventory: &Inventory) -> String {
    let purl = Purl::of(package, inventory.distro.as_ref()).to_string();
    let place = places.first().map(|it| it.path.as_str()).unwrap_or_default();
    let content = format!("{purl}\n{place}");
    let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, content.as_bytes()).simple().to_string();
    id.get(..16).unwrap_or(&id).to_owned()
}

fn artifact(package: &Package, places: &[Location], id: &str, inventory: &Inventory) -> Value {
    let locations: Vec<Value> = places
        .iter()
        .map(|place| {
            let path = format!("/{}", place.path);
            let layer = place.layer.and_then(|at| usize::try_from(at).ok());
            let layer = layer.and_then(|at| inventory.layers.get(at));
            let layer = layer.and_then(|it| it.diff_id.as_ref().or(it.digest.as_ref()));
            let annotations = json!({ "evidence": "primary" });
            match layer {
                Some(layer) => json!({
                    "path": path, "layerID": layer.to_string(), "accessPath": path,
                    "annotations": annotations,
                }),
                None => json!({ "path": path, "accessPath": path, "annotations": annotations }),
            }
        })
        .collect();
    let licenses: Vec<Value> = package
        .licenses
        .iter()
        .map(|value| {
            let expression = match declared(std::slice::from_ref(value)) {
                Declared::Expression(text) => text,
                _ => String::new(),
            };
            json!({
                "value": value, "spdxExpression": expression, "type": "declared", "urls": [],
                "locations": [],
            })
        })
        .collect();
    let mut artifact = json!({
        "id": id,
        "name": name_of(package.kind, &package.name),
        "version": package.version,
        "type": type_of(package.kind),
        "foundBy": format!("{}-cataloger", package.cataloguer),
        "locations": locations,
        "licenses": licenses,
        "language": language(package.kind),
        "cpes": [],
        "purl": Purl::of(package, inventory.distro.as_ref()).to_string(),
    });
    if let (Some((kind, record)), Value::Object(fields)) = (record::of(package), &mut artifact) {
        fields.insert("metadataType".into(), json!(kind));
        fields.insert("metadata".into(), record);
    }
    artifact
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_has_a_name_and_what_stands_behind_it() {
        for (reference, name, behind) in [
            ("docker:nginx:1.27", "nginx", Some("1.27")),
            ("registry:localhost:5000/app", "localhost:5000/app", None),
            ("app@sha256:0", "app", Some("sha256:0")),
            ("docker-archive:app.tar", "app.tar", None),
        ] {
            assert_eq!(typed(reference), (name, behind), "{reference}");
        }
    }
}

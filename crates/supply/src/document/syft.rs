//! Syft's own JSON.
//!
//! Source: <https://github.com/anchore/syft/tree/main/schema/json>.

use plimsoll_model::{Inventory, Location};
use serde_json::Value;

use super::part::{package, skipped};
use super::{DocumentError, Reader, distro, parts, text};

pub(super) const READER: Reader = Reader { name: "syft", is, read };

fn is(document: &Value) -> bool {
    document.pointer("/schema/url").is_some() && document.get("artifacts").is_some()
}

fn read(document: &Value) -> Result<Inventory, DocumentError> {
    let mut inventory = Inventory::default();
    let source = document.get("source").unwrap_or(&Value::Null);
    let typed = source.pointer("/metadata/userInput").and_then(Value::as_str);
    typed.unwrap_or_else(|| text(source, "name")).clone_into(&mut inventory.artifact.reference);
    let digest = |name: &str| source.pointer(name).and_then(Value::as_str)?.parse().ok();
    inventory.artifact.manifest_digest = digest("/metadata/manifestDigest");
    inventory.artifact.config_digest = digest("/metadata/imageID");
    if let Some(release) = document.get("distro").filter(|it| !text(it, "id").is_empty()) {
        inventory.distro = Some(distro(text(release, "id"), text(release, "versionID")));
    }
    for part in parts(document, "artifacts")? {
        let (name, purl) = (text(part, "name"), text(part, "purl"));
        if purl.is_empty() {
            let why = format!("`{name}` has no package URL, by which it could be told");
            inventory.problems.push(skipped(why));
            continue;
        }
        match package(purl) {
            Ok((mut package, release)) => {
                if package.version.is_empty() {
                    text(part, "version").clone_into(&mut package.version);
                }
                package.locations = locations(part);
                inventory.distro = inventory.distro.take().or(release);
                inventory.packages.push(package);
            }
            Err(why) => inventory.problems.push(skipped(why)),
        }
    }
    Ok(inventory)
}

fn locations(part: &Value) -> Vec<Location> {
    let location = |place: &Value| Location {
        path: text(place, "path").trim_start_matches('/').to_owned(),
        layer: None,
        line: None,
    };
    let all = part.get("locations").and_then(Value::as_array);
    all.map_or(Vec::new(), |all| all.iter().take(100).map(location).collect())
}

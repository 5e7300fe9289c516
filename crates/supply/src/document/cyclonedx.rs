//! CycloneDX 1.2 to 1.7 in JSON.
//!
//! Source: <https://cyclonedx.org/docs/1.6/json/>.

use plimsoll_model::{Inventory, Location};
use serde_json::Value;

use super::part::{package, skipped};
use super::{DocumentError, Reader, distro, parts, text};

pub(super) const READER: Reader = Reader { name: "cyclonedx", is, read };

/// Parts are within parts; deeper ones are left out and told.
const DEEPEST: usize = 16;

fn is(document: &Value) -> bool {
    text(document, "bomFormat") == "CycloneDX"
}

fn read(document: &Value) -> Result<Inventory, DocumentError> {
    let mut inventory = Inventory::default();
    let root = document.pointer("/metadata/component").unwrap_or(&Value::Null);
    let (name, version) = (text(root, "name"), text(root, "version"));
    inventory.artifact.reference = if version.is_empty() || name.is_empty() {
        name.to_owned()
    } else if version.starts_with("sha256:") {
        format!("{name}@{version}")
    } else {
        format!("{name}:{version}")
    };
    inventory.artifact.created = document
        .pointer("/metadata/timestamp")
        .and_then(Value::as_str)
        .and_then(|it| it.parse().ok());
    inventory.artifact.manifest_digest = version.parse().ok();
    components(parts(document, "components")?, 0, &mut inventory);
    Ok(inventory)
}

fn components(list: &[Value], depth: usize, inventory: &mut Inventory) {
    for component in list {
        let name = text(component, "name");
        if text(component, "type") == "operating-system" {
            inventory.distro = Some(distro(name, text(component, "version")));
            continue;
        }
        let purl = text(component, "purl");
        match (text(component, "type"), purl) {
            // Neither is a package by itself.
            ("container", _) | ("file" | "data" | "cryptographic-asset", "") => {}
            (_, "") => {
                let why = format!("`{name}` has no package URL, by which it could be told");
                inventory.problems.push(skipped(why));
            }
            _ => match package(purl) {
                Ok((mut package, release)) => {
                    if text(component, "scope") == "excluded" {
                        package.declared = true;
                    }
                    package.locations = locations(component);
                    inventory.distro = inventory.distro.take().or(release);
                    inventory.packages.push(package);
                }
                Err(why) => inventory.problems.push(skipped(why)),
            },
        }
        let inner = component.get("components").and_then(Value::as_array);
        match inner {
            Some(inner) if depth < DEEPEST => components(inner, depth + 1, inventory),
            Some(_) => inventory.problems.push(skipped(format!("`{name}` is nested too deeply"))),
            None => {}
        }
    }
}

fn locations(component: &Value) -> Vec<Location> {
    let occurrences = component.pointer("/evidence/occurrences").and_then(Value::as_array);
    let location = |occurrence: &Value| Location {
        path: text(occurrence, "location").to_owned(),
        layer: None,
        line: None,
    };
    occurrences.map_or(Vec::new(), |all| all.iter().take(100).map(location).collect())
}

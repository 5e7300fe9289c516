//! SPDX 2.2 and 2.3 in JSON.
//!
//! Source: <https://spdx.github.io/spdx-spec/v2.3/>.

use plimsoll_model::{Inventory, Location};
use serde_json::Value;

use super::part::{package, skipped};
use super::{DocumentError, Reader, distro, parts, text};

pub(super) const READER: Reader = Reader { name: "spdx", is, read };

fn is(document: &Value) -> bool {
    text(document, "spdxVersion").starts_with("SPDX-2.")
}

fn read(document: &Value) -> Result<Inventory, DocumentError> {
    let mut inventory = Inventory::default();
    text(document, "name").clone_into(&mut inventory.artifact.reference);
    inventory.artifact.created = document
        .pointer("/creationInfo/created")
        .and_then(Value::as_str)
        .and_then(|it| it.parse().ok());
    for part in parts(document, "packages")? {
        let name = text(part, "name");
        match text(part, "primaryPackagePurpose") {
            "OPERATING-SYSTEM" => {
                inventory.distro = Some(distro(name, text(part, "versionInfo")));
                continue;
            }
            // The image itself.
            "CONTAINER" => {
                inventory.artifact.manifest_digest = text(part, "versionInfo").parse().ok();
                continue;
            }
            "FILE" => continue,
            _ => {}
        }
        let Some(purl) = purl(part) else {
            if !text(part, "SPDXID").starts_with("SPDXRef-DocumentRoot") {
                let why = format!("`{name}` has no package URL, by which it could be told");
                inventory.problems.push(skipped(why));
            }
            continue;
        };
        match package(purl) {
            Ok((mut package, release)) => {
                let source = text(part, "sourceInfo");
                if let Some(path) = source.split(": ").nth(1).filter(|path| !path.is_empty()) {
                    package.locations =
                        vec![Location { path: path.to_owned(), layer: None, line: None }];
                }
                inventory.distro = inventory.distro.take().or(release);
                inventory.packages.push(package);
            }
            Err(why) => inventory.problems.push(skipped(why)),
        }
    }
    Ok(inventory)
}

fn purl(part: &Value) -> Option<&str> {
    let references = part.get("externalRefs")?.as_array()?;
    let is_purl = |one: &&Value| text(one, "referenceType") == "purl";
    references.iter().find(is_purl).map(|one| text(one, "referenceLocator"))
}

//! GitHub's dependency snapshot, which `trivy -f github` writes.
//!
//! Source: <https://docs.github.com/en/rest/dependency-graph/dependency-submission>.

use std::collections::BTreeMap;
use std::env;

use plimsoll_model::{Inventory, Purl, Scope, Timestamp};
use serde_json::{Value, json};

/// The snapshot of an inventory, with what GitHub's variables say of the run.
pub(super) fn document(inventory: &Inventory, now: Timestamp) -> Value {
    let variable = |name: &str| env::var(name).unwrap_or_default();
    let mut manifests: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    for package in inventory.present() {
        let place = package.locations.first().map(|place| place.path.clone());
        let manifest = match place {
            Some(path) if !package.kind.is_os() => path,
            _ => inventory.artifact.reference.clone(),
        };
        let purl = Purl::of(package, inventory.distro.as_ref()).to_string();
        let scope = if package.scope == Scope::Development { "development" } else { "runtime" };
        manifests
            .entry(manifest)
            .or_default()
            .insert(package.name.clone(), json!({ "package_url": purl, "scope": scope }));
    }
    let manifests: BTreeMap<&String, Value> = manifests
        .iter()
        .map(|(name, resolved)| {
            let file = json!({ "source_location": name });
            (name, json!({ "name": name, "file": file, "resolved": resolved }))
        })
        .collect();
    json!({
        "version": 0,
        "detector": {
            "name": "plimsoll",
            "version": env!("CARGO_PKG_VERSION"),
            "url": "https://github.com/plimsoll/plimsoll",
        },
        "ref": variable("GITHUB_REF"),
        "sha": variable("GITHUB_SHA"),
        "job": {
            "correlator": format!("{}_{}", variable("GITHUB_WORKFLOW"), variable("GITHUB_JOB")),
            "id": variable("GITHUB_RUN_ID"),
        },
        "scanned": now.to_string(),
        "manifests": manifests,
    })
}

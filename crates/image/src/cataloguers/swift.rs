//! Packages of Apple's world: `Package.resolved` of Swift and `Podfile.lock` of `CocoaPods`.
//!
//! A Swift package is named by the address of its repository. A pod's parts (`A/Core`) have the
//! version of the whole and are part of it.
//!
//! Sources: <https://github.com/swiftlang/swift-package-manager>, <https://guides.cocoapods.org>.

use std::collections::BTreeMap;

use plimsoll_model::{Package, PackageKind};
use serde_json::Value;

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};
use crate::yaml;

/// Reads what Swift's package manager and `CocoaPods` resolved.
#[derive(Debug)]
pub(crate) struct Swift;

impl Cataloguer for Swift {
    fn name(&self) -> &'static str {
        "swift"
    }

    fn declares(&self, _path: &str) -> bool {
        true
    }

    fn wants(&self) -> &'static [Want] {
        &[Want::Name("Package.resolved"), Want::Name("Podfile.lock")]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        if file.name() == "Podfile.lock" {
            let lock = yaml::parse(&file.text()?)
                .map_err(|error| CatalogueError::malformed("Podfile.lock", error))?;
            pods(&lock, found);
        } else {
            let resolved: Value = serde_json::from_slice(&file.bytes()?)
                .map_err(|error| CatalogueError::malformed("Package.resolved", error))?;
            pins(&resolved, found);
        }
        Ok(())
    }
}

fn pods(lock: &Value, found: &mut Found) {
    let mut pods: BTreeMap<String, Package> = BTreeMap::new();
    for entry in lock.get("PODS").and_then(Value::as_array).into_iter().flatten() {
        // Text, or a map from it to what it needs.
        let with_needs = entry.as_object().and_then(|map| map.iter().next());
        let (text, needs) = match with_needs {
            Some((text, needs)) => (Some(text.as_str()), Some(needs)),
            None => (entry.as_str(), None),
        };
        let parts = text
            .and_then(|text| text.split_once(" ("))
            .map(|(name, version)| (whole(name), version.trim_end_matches(')')));
        let Some((name, version)) = parts else {
            found.skip(0, "expected a pod with its version");
            continue;
        };
        let pod = pods.entry(name.to_owned());
        let pod = pod.or_insert_with(|| Package::new(PackageKind::Cocoapods, name, version));
        for need in needs.and_then(Value::as_array).into_iter().flatten() {
            let need = whole(need.as_str().unwrap_or_default());
            let is_known = pod.depends_on.iter().rev().take(64).any(|known| known == need);
            if !need.is_empty() && need != name && !is_known {
                pod.depends_on.push(need.to_owned());
            }
        }
    }
    found.packages.extend(pods.into_values());
}

/// `A/Core (~> 3)` is part of `A`.
fn whole(name: &str) -> &str {
    name.split(['/', ' ']).next().unwrap_or(name)
}

/// Version 1 keeps the list in `object` and other keys.
fn pins(resolved: &Value, found: &mut Found) {
    let list = resolved.get("pins").or_else(|| resolved.pointer("/object/pins"));
    for pin in list.and_then(Value::as_array).into_iter().flatten() {
        let text = |path| pin.pointer(path).and_then(Value::as_str);
        let address = text("/location").or_else(|| text("/repositoryURL")).unwrap_or_default();
        let name = match address.split_once("://") {
            Some((_, rest)) => rest.rsplit('@').next().unwrap_or(rest).trim_end_matches(".git"),
            None => text("/identity").or_else(|| text("/package")).unwrap_or_default(),
        };
        if name.is_empty() {
            found.skip(0, "pin without an address");
            continue;
        }
        let version = text("/state/version").unwrap_or_default();
        let mut package = Package::new(PackageKind::Swift, name, version);
        if version.is_empty() {
            let commit = text("/state/revision").unwrap_or("unknown");
            package.notes.push(format!("pinned to commit {commit}"));
        }
        found.add(package);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cataloguer::listing;

    #[test]
    fn pods_are_whole_and_swift_packages_are_addresses() {
        let lock = b"PODS:\n  - A (3.0):\n    - A/Core (= 3.0)\n    - B (~> 1)\n  - A/Core (3.0)\n  - B (1.2)\n  - odd\n";
        insta::assert_snapshot!(listing(&Swift, "Podfile.lock", lock), @r"
        cocoapods A 3.0
        cocoapods B 1.2
        Skipped: expected a pod with its version
        ");
        let resolved = br#"{"pins":[{"identity":"a","location":"https://github.com/apple/a.git","state":{"version":"1.0.0"}},
            {"location":"https://user@git.example/b","state":{"revision":"12ab"}}]}"#;
        insta::assert_snapshot!(listing(&Swift, "Package.resolved", resolved), @r"
        swift github.com/apple/a 1.0.0
        swift git.example/b
        ");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "[a-c:(){}\\[\\]/ \n-]{0,40}") {
            listing(&Swift, "Podfile.lock", format!("PODS:\n  - {text}").as_bytes());
            listing(&Swift, "Package.resolved", text.as_bytes());
        }
    }
}

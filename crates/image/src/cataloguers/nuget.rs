//! .NET packages: `packages.lock.json`, `project.assets.json`, `*.deps.json` beside each program,
//! and the older `packages.config`.
//!
//! Sources: <https://learn.microsoft.com/nuget/consume-packages/package-references-in-project-files>,
//! <https://github.com/dotnet/sdk/blob/main/documentation/specs/runtime-configuration-file.md>.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::{Package, PackageKind, Scope};
use serde_json::{Map, Value};

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};
use crate::xml::Element;

/// Reads what NuGet resolved.
#[derive(Debug)]
pub(crate) struct Nuget;

impl Cataloguer for Nuget {
    fn name(&self) -> &'static str {
        "nuget"
    }

    fn declares(&self, path: &str) -> bool {
        !path.ends_with(".deps.json")
    }

    fn wants(&self) -> &'static [Want] {
        &[
            Want::Name("packages.lock.json"),
            Want::Name("project.assets.json"),
            Want::Name("packages.config"),
            Want::Suffix(".deps.json"),
        ]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        if file.name() == "packages.config" {
            return config(file, found);
        }
        let root: Value = serde_json::from_slice(&file.bytes()?)
            .map_err(|error| CatalogueError::malformed("NuGet file", error))?;
        if file.name() == "packages.lock.json" {
            locked(&root, found);
        } else {
            libraries(&root, found);
        }
        Ok(())
    }
}

fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

fn names(value: Option<&Value>) -> impl Iterator<Item = String> {
    value.and_then(Value::as_object).into_iter().flat_map(Map::keys).cloned()
}

/// By target framework; what several resolve alike is one package.
fn locked(root: &Value, found: &mut Found) {
    let mut all: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
    for (_, framework) in members(root.get("dependencies")) {
        for (name, entry) in members(Some(framework)) {
            // Other projects of the same solution have no version.
            let Some(version) = entry.get("resolved").and_then(Value::as_str) else { continue };
            let needs = all.entry((name, version)).or_default();
            needs.extend(names(entry.get("dependencies")));
        }
    }
    for ((name, version), needs) in all {
        let mut package = Package::new(PackageKind::Nuget, name, version);
        package.depends_on = needs.into_iter().collect();
        found.add(package);
    }
}

/// `libraries` has all by `NAME/VERSION`, `targets` what each needs.
fn libraries(root: &Value, found: &mut Found) {
    let mut needs: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (key, entry) in members(root.get("targets")).flat_map(|(_, t)| members(Some(t))) {
        needs.entry(key).or_default().extend(names(entry.get("dependencies")));
    }
    for (key, entry) in members(root.get("libraries")) {
        // Another project of the same solution, built from source.
        if entry.get("msbuildProject").is_some() {
            continue;
        }
        let Some((name, version)) = key.split_once('/').filter(|(name, _)| !name.is_empty()) else {
            found.skip(0, format!("`{key}` is no name with a version"));
            continue;
        };
        let kind = entry.get("type").and_then(Value::as_str).unwrap_or_default();
        let is_runtime_pack = kind == "runtimepack";
        let name = if is_runtime_pack { name.trim_start_matches("runtimepack.") } else { name };
        let mut package = Package::new(PackageKind::Nuget, name, version);
        if kind == "project" {
            package.notes.push("a project of its own, not from a registry".into());
        }
        package.depends_on = needs.remove(key.as_str()).unwrap_or_default().into_iter().collect();
        found.add(package);
    }
}

fn config(file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
    let root = Element::parse(&file.text()?)
        .map_err(|error| CatalogueError::malformed("packages.config", error))?;
    for element in root.children.iter().filter(|element| element.name == "package") {
        let filled = |name| element.attribute(name).filter(|value| !value.is_empty());
        let (Some(name), Some(version)) = (filled("id"), filled("version")) else {
            found.skip(element.line, "package without `id` or `version`");
            continue;
        };
        let mut package = Package::new(PackageKind::Nuget, name, version);
        if element.attribute("developmentDependency") == Some("true") {
            package.scope = Scope::Development;
        }
        found.add_at(file, element.line, package);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cataloguer::listing;

    #[test]
    fn each_file_lists_in_its_own_way() {
        let lock =
            br#"{"dependencies":{"net6.0":{"A":{"resolved":"1.0.0"},"Own":{"type":"Project"}},
            "net7.0":{"A":{"resolved":"1.0.0"}}}}"#;
        assert_eq!(listing(&Nuget, "packages.lock.json", lock), "nuget A 1.0.0\n");
        let deps = br#"{"libraries":{"A/1.0":{"type":"package"},"B":{}}}"#;
        insta::assert_snapshot!(listing(&Nuget, "app.deps.json", deps), @r"
        nuget A 1.0
        Skipped: `B` is no name with a version
        ");
        let config = b"<packages>\n<package id='A' version='1' developmentDependency='true'/>\n<package id='B'/></packages>";
        insta::assert_snapshot!(listing(&Nuget, "packages.config", config), @r"
        nuget A 1 (Development) (line 2)
        Skipped line 3: package without `id` or `version`
        ");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            listing(&Nuget, "a.deps.json", &bytes);
            listing(&Nuget, "packages.config", &bytes);
        }
    }
}

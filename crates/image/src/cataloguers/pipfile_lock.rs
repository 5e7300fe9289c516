//! `Pipfile.lock` of Pipenv: JSON with the groups `default` and `develop`, and others that the
//! project names itself.
//!
//! Source: <https://github.com/pypa/pipfile>.

use std::collections::HashSet;

use plimsoll_model::{Package, PackageKind, Scope};
use serde_json::{Map, Value};

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};
use crate::cataloguers::dependency_folder::is_in_dependency;

/// Reads Pipenv's lock.
#[derive(Debug)]
pub(crate) struct PipfileLock;

impl Cataloguer for PipfileLock {
    fn name(&self) -> &'static str {
        "pipfile-lock"
    }

    fn declares(&self, _path: &str) -> bool {
        true
    }

    fn version(&self) -> u32 {
        2
    }

    fn wants(&self) -> &'static [Want] {
        &[Want::Name("Pipfile.lock")]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        if is_in_dependency(file.path()) {
            return Ok(());
        }
        let lock: Map<String, Value> = serde_json::from_slice(&file.bytes()?)
            .map_err(|error| CatalogueError::malformed("Pipfile.lock", error))?;
        let mut groups: Vec<_> = lock.iter().filter(|(group, _)| *group != "_meta").collect();
        // What both groups have is there to run.
        groups.sort_by_key(|(group, _)| match group.as_str() {
            "default" => 0,
            "develop" => 2,
            _ => 1,
        });
        let mut seen = HashSet::new();
        for (group, entries) in groups {
            let scope = match group.as_str() {
                "default" => Scope::Runtime,
                "develop" => Scope::Development,
                _ => Scope::Optional,
            };
            for (name, entry) in entries.as_object().into_iter().flatten() {
                let package = package(name, entry, scope);
                if seen.insert((package.name.clone(), package.version.clone())) {
                    found.add(package);
                }
            }
        }
        Ok(())
    }
}

fn package(name: &str, entry: &Value, scope: Scope) -> Package {
    let pinned = entry.get("version").and_then(Value::as_str).unwrap_or_default();
    let mut package = Package::new(PackageKind::Pypi, name, pinned.trim_start_matches('='));
    package.scope = scope;
    if package.version.is_empty() {
        let from = entry.get("ref").and_then(Value::as_str);
        package.notes.push(match from {
            Some(commit) => format!("from a repository, commit {commit}"),
            None => "the lock pins no version".into(),
        });
    }
    package
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cataloguer::listing;

    #[test]
    fn a_package_of_both_groups_runs() {
        let lock =
            br#"{"_meta":{"hash":{}},"develop":{"a":{"version":"==1.0"},"b":{"version":"==2.0"}},
            "default":{"a":{"version":"==1.0"}},"docs":{"c":{"ref":"12ab"}}}"#;
        insta::assert_snapshot!(listing(&PipfileLock, "Pipfile.lock", lock), @r"
        pypi a 1.0
        pypi c  (Optional)
        pypi b 2.0 (Development)
        ");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            listing(&PipfileLock, "Pipfile.lock", &bytes);
        }
    }
}

//! `package-lock.json` and `npm-shrinkwrap.json`, versions 1 to 3.
//!
//! Version 1 nests packages as they lie in `node_modules`; versions 2 and 3 list them by path.
//! Links to folders of the same project and the project itself are no packages.
//!
//! Source: <https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json>.

use std::collections::{BTreeMap, HashMap};

use plimsoll_model::{Package, PackageKind, Scope};
use serde::Deserialize;

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};
use crate::cataloguers::dependency_folder::is_in_dependency;

/// Reads npm's lock files.
#[derive(Debug)]
pub(crate) struct NpmLock;

#[derive(Deserialize)]
struct Lock {
    packages: Option<BTreeMap<String, Installed>>,
    dependencies: Option<BTreeMap<String, Nested>>,
}

/// An entry of versions 2 and 3.
#[allow(clippy::struct_excessive_bools, reason = "the file has these flags")]
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Installed {
    name: Option<String>,
    version: Option<String>,
    resolved: Option<String>,
    #[serde(default)]
    dev: bool,
    #[serde(default)]
    dev_optional: bool,
    #[serde(default)]
    optional: bool,
    #[serde(default)]
    link: bool,
    dependencies: Option<BTreeMap<String, serde_json::Value>>,
}

/// An entry of version 1.
#[derive(Deserialize)]
struct Nested {
    version: Option<String>,
    #[serde(default)]
    dev: bool,
    #[serde(default)]
    optional: bool,
    requires: Option<serde_json::Value>,
    dependencies: Option<BTreeMap<String, Nested>>,
}

impl Cataloguer for NpmLock {
    fn name(&self) -> &'static str {
        "npm-lock"
    }

    fn declares(&self, path: &str) -> bool {
        !path.ends_with("node_modules/.package-lock.json")
    }

    fn version(&self) -> u32 {
        2
    }

    fn wants(&self) -> &'static [Want] {
        &[Want::Name("package-lock.json"), Want::Name("npm-shrinkwrap.json")]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        if is_in_dependency(file.path()) {
            return Ok(());
        }
        let lock: Lock = serde_json::from_slice(&file.bytes()?)
            .map_err(|error| CatalogueError::malformed("package-lock.json", error))?;
        let mut listed = Listed::default();
        match (lock.packages, lock.dependencies) {
            (Some(packages), _) => {
                for (path, entry) in &packages {
                    listed.installed(path, entry);
                }
            }
            (None, Some(dependencies)) => listed.nested(&dependencies),
            (None, None) => {}
        }
        found.packages.append(&mut listed.packages);
        Ok(())
    }
}

/// Packages so far. The same package lies in several folders where others differ.
#[derive(Default)]
struct Listed {
    packages: Vec<Package>,
    at: HashMap<(String, String), usize>,
}

impl Listed {
    fn installed(&mut self, path: &str, entry: &Installed) {
        if path.is_empty() || entry.link {
            return;
        }
        let (folder, is_own) = match path.rsplit_once("node_modules/") {
            Some((_, folder)) => (folder, false),
            // A folder of the project, which another part of it depends on.
            None => (path.rsplit('/').next().unwrap_or(path), true),
        };
        // An alias is installed under another name than its own.
        let name = entry.name.as_deref().unwrap_or(folder);
        let scope = scope(entry.dev || entry.dev_optional, entry.optional);
        let needs = entry.dependencies.iter().flatten().map(|(name, _)| name.clone());
        let stated = entry.version.as_deref().unwrap_or_default();
        // What is from a repository differs by commit, whatever version it says.
        let from = entry.resolved.as_deref().filter(|from| from.starts_with("git"));
        let key = from.unwrap_or(stated);
        if let Some(package) = self.add(name, stated, key, scope, needs.collect()) {
            package.notes.extend(from.map(|from| format!("from {}", without_secret(from))));
            if is_own {
                package.notes.push("a folder of the project".into());
            } else if stated.is_empty() {
                package.notes.push("the lock states no version".into());
            }
        }
    }

    /// Depth is bounded by the JSON reader, which refuses more than 128 levels.
    fn nested(&mut self, dependencies: &BTreeMap<String, Nested>) {
        for (name, entry) in dependencies {
            let (mut name, mut version) = (name.as_str(), entry.version.as_deref().unwrap_or(""));
            let alias = version.strip_prefix("npm:").and_then(|real| real.rsplit_once('@'));
            if let Some(real) = alias {
                (name, version) = real;
            }
            let requires = entry.requires.as_ref().and_then(serde_json::Value::as_object);
            let needs = requires.into_iter().flatten().map(|(name, _)| name.clone()).collect();
            self.add(name, version, version, scope(entry.dev, entry.optional), needs);
            entry.dependencies.iter().for_each(|inner| self.nested(inner));
        }
    }

    /// The package, where it is new; what is needed to run anywhere is needed to run.
    fn add(
        &mut self,
        name: &str,
        stated: &str,
        key: &str,
        scope: Scope,
        depends_on: Vec<String>,
    ) -> Option<&mut Package> {
        let key = (name.to_owned(), key.to_owned());
        if let Some(known) = self.at.get(&key).and_then(|&at| self.packages.get_mut(at)) {
            if scope == Scope::Runtime {
                known.scope = scope;
            }
            return None;
        }
        self.at.insert(key, self.packages.len());
        // Version 1 has the address here of what does not come from the registry.
        let is_released = stated.starts_with(|c: char| c.is_ascii_digit());
        let mut package =
            Package::new(PackageKind::Npm, name, if is_released { stated } else { "" });
        if !is_released && !stated.is_empty() {
            package.notes.push(format!("from {}", without_secret(stated)));
        }
        package.scope = scope;
        package.depends_on = depends_on;
        self.packages.push(package);
        self.packages.last_mut()
    }
}

fn scope(dev: bool, optional: bool) -> Scope {
    match (dev, optional) {
        (true, _) => Scope::Development,
        (false, true) => Scope::Optional,
        (false, false) => Scope::Runtime,
    }
}

/// Locks hold passwords and tokens in addresses; they belong in no report.
fn without_secret(address: &str) -> String {
    match address.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.split_once('@')?)))
    {
        Some((scheme, (user, rest))) if !user.contains('/') => format!("{scheme}://{rest}"),
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cataloguer::listing;

    #[test]
    fn versions_two_and_three_list_by_path() {
        let lock = br#"{"lockfileVersion":3,"packages":{"":{"name":"app","version":"1.0.0"},
            "node_modules/a":{"version":"1.2.3"},"node_modules/a/node_modules/b":{"version":"2.0.0","dev":true},
            "node_modules/local":{"link":true},"node_modules/alias":{"name":"real","version":"3.0.0","optional":true}}}"#;
        insta::assert_snapshot!(listing(&NpmLock, "package-lock.json", lock), @r"
        npm a 1.2.3
        npm b 2.0.0 (Development)
        npm real 3.0.0 (Optional)
        ");
    }

    #[test]
    fn version_one_nests() {
        let lock =
            br#"{"lockfileVersion":1,"dependencies":{"a":{"version":"1.0.0","requires":{"b":"^2"},
            "dependencies":{"b":{"version":"2.0.0"}}},"c":{"version":"npm:@s/real@3.0.0"}}}"#;
        insta::assert_snapshot!(listing(&NpmLock, "package-lock.json", lock), @r"
        npm a 1.0.0
        npm b 2.0.0
        npm @s/real 3.0.0
        ");
    }

    #[test]
    fn a_package_in_several_folders_is_one_and_runs_where_one_does() {
        let lock = br#"{"packages":{"node_modules/a":{"version":"1.0.0","dev":true},
            "node_modules/b/node_modules/a":{"version":"1.0.0"},"packages/own":{"version":"0.1.0"}}}"#;
        insta::assert_snapshot!(listing(&NpmLock, "package-lock.json", lock), @r"
        npm a 1.0.0
        npm own 0.1.0
        ");
    }

    #[test]
    fn an_address_is_no_version_and_loses_its_secret() {
        let lock =
            br#"{"dependencies":{"a":{"version":"git+https://token@git.example/a.git#12ab"}}}"#;
        let mut found = Found::default();
        let content = lock.to_vec();
        NpmLock.catalogue(&File::new("package-lock.json", &content, false), &mut found).unwrap();
        assert_eq!(found.packages[0].version, "");
        assert_eq!(found.packages[0].notes, ["from git+https://git.example/a.git#12ab"]);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            listing(&NpmLock, "package-lock.json", &bytes);
        }
    }
}

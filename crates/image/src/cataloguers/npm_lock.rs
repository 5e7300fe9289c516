//! `package-lock.json` and `npm-shrinkwrap.json`, versions 1 to 3.
//!
//! Version 1 nests packages as they lie in `node_modules`; versions 2 and 3 list them by path.
//! Links to folders of the same project and the project itself are no packages.
//!
//! Source: <https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json>.

use std::collections::BTreeMap;

use plimsoll_model::{Package, PackageKind, Scope};
use serde::Deserialize;

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};

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

    fn wants(&self) -> &'static [Want] {
        &[Want::Name("package-lock.json"), Want::Name("npm-shrinkwrap.json")]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        let lock: Lock = serde_json::from_slice(&file.bytes()?)
            .map_err(|error| CatalogueError::malformed("package-lock.json", error))?;
        match (lock.packages, lock.dependencies) {
            (Some(packages), _) => {
                for (path, entry) in &packages {
                    listed(path, entry, found);
                }
            }
            (None, Some(dependencies)) => nested(&dependencies, found),
            (None, None) => {}
        }
        Ok(())
    }
}

fn scope(dev: bool, optional: bool) -> Scope {
    match (dev, optional) {
        (true, _) => Scope::Development,
        (false, true) => Scope::Optional,
        (false, false) => Scope::Runtime,
    }
}

fn listed(path: &str, entry: &Installed, found: &mut Found) {
    let Some((_, folder)) = path.rsplit_once("node_modules/") else { return };
    if entry.link {
        return;
    }
    // An alias is installed under another name than its own.
    let name = entry.name.as_deref().unwrap_or(folder);
    add(
        name,
        entry.version.as_deref(),
        scope(entry.dev || entry.dev_optional, entry.optional),
        found,
        |package| {
            package.depends_on =
                entry.dependencies.iter().flatten().map(|(name, _)| name.clone()).collect();
        },
    );
}

/// Depth is bounded by the JSON reader, which refuses more than 128 levels.
fn nested(dependencies: &BTreeMap<String, Nested>, found: &mut Found) {
    for (name, entry) in dependencies {
        let (mut name, mut version) = (name.as_str(), entry.version.as_deref());
        if let Some((alias, of)) =
            version.and_then(|v| v.strip_prefix("npm:")).and_then(|v| v.rsplit_once('@'))
        {
            (name, version) = (alias, Some(of));
        }
        add(name, version, scope(entry.dev, entry.optional), found, |package| {
            let requires = entry.requires.as_ref().and_then(serde_json::Value::as_object);
            package.depends_on =
                requires.into_iter().flatten().map(|(name, _)| name.clone()).collect();
        });
        entry.dependencies.iter().for_each(|inner| nested(inner, found));
    }
}

fn add(
    name: &str,
    version: Option<&str>,
    scope: Scope,
    found: &mut Found,
    more: impl FnOnce(&mut Package),
) {
    let Some(version) = version else {
        found.skip(0, format!("`{name}` has no version"));
        return;
    };
    let mut package = Package::new(PackageKind::Npm, name, version);
    package.scope = scope;
    more(&mut package);
    found.add(package);
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

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            listing(&NpmLock, "package-lock.json", &bytes);
        }
    }
}

//! npm packages that are there: `node_modules/NAME/package.json`.
//!
//! Many packages carry further `package.json` files. Those that state name and version and may be
//! published are listed too: the project itself, or a package that was copied into another.
//! The others, for tests or module types, are none.
//!
//! Source: <https://docs.npmjs.com/cli/v11/configuring-npm/package-json>.

use std::borrow::Cow;
use std::collections::BTreeMap;

use plimsoll_model::{Package, PackageKind};
use serde::Deserialize;

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};

/// Reads `package.json` of installed packages.
#[derive(Debug)]
pub(crate) struct NpmPackage;

#[derive(Deserialize)]
struct Manifest<'a> {
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    version: Option<Cow<'a, str>>,
    #[serde(default)]
    license: Option<serde_json::Value>,
    #[serde(default)]
    author: Option<serde_json::Value>,
    #[serde(default)]
    dependencies: Option<BTreeMap<String, serde_json::Value>>,
    #[serde(default)]
    engines: Option<serde_json::Value>,
    #[serde(default)]
    contributes: Option<serde_json::Value>,
    #[serde(default)]
    unity: Option<serde_json::Value>,
    #[serde(default)]
    private: Option<serde_json::Value>,
}

impl Cataloguer for NpmPackage {
    fn name(&self) -> &'static str {
        "npm-package"
    }

    fn version(&self) -> u32 {
        2
    }

    fn wants(&self) -> &'static [Want] {
        &[Want::Name("package.json")]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        let is_installed = is_installed(file.folder());
        let text = file.text()?;
        let manifest: Manifest<'_> = match serde_json::from_str(&text) {
            Ok(manifest) => manifest,
            Err(error) if is_installed => {
                return Err(CatalogueError::malformed("package.json", error));
            }
            // Tests of tools that read the file have broken ones on purpose.
            Err(error) => {
                found.skip(0, format!("not a valid package.json: {error}"));
                return Ok(());
            }
        };
        if !is_installed && !manifest.is_publishable() {
            return Ok(());
        }
        if manifest.is_extension() {
            found.skip(0, "an extension of an editor or engine, not a package from npm");
            return Ok(());
        }
        let (Some(name), Some(version)) = (
            manifest.name.filter(|name| !name.is_empty()),
            manifest.version.filter(|version| !version.is_empty()),
        ) else {
            found.skip(0, "package.json without name or version");
            return Ok(());
        };
        let mut package = Package::new(PackageKind::Npm, name, version);
        let word = |value: &serde_json::Value, key: &str| {
            value.as_str().or_else(|| value.get(key)?.as_str()).map(str::to_owned)
        };
        package.licenses =
            manifest.license.and_then(|license| word(&license, "type")).into_iter().collect();
        package.supplier = manifest.author.and_then(|author| word(&author, "name"));
        package.depends_on = manifest.dependencies.unwrap_or_default().into_keys().collect();
        if !is_installed {
            package.notes.push("not where npm installs: the project itself or a copy".into());
        }
        found.add(package);
        Ok(())
    }
}

impl Manifest<'_> {
    /// npm refuses to publish what is private or has no name and version.
    fn is_publishable(&self) -> bool {
        let states = |text: &Option<Cow<'_, str>>| text.as_ref().is_some_and(|t| !t.is_empty());
        let is_private = match &self.private {
            Some(serde_json::Value::Bool(private)) => *private,
            Some(serde_json::Value::String(private)) => private == "true",
            _ => false,
        };
        states(&self.name) && states(&self.version) && !is_private
    }

    /// Editors and game engines use the same file for extensions that are not from npm.
    fn is_extension(&self) -> bool {
        let editor = self.engines.as_ref().and_then(|engines| engines.get("vscode"));
        editor.is_some() || self.contributes.is_some() || self.unity.is_some()
    }
}

/// `…/node_modules/name` or `…/node_modules/@scope/name`.
fn is_installed(folder: &str) -> bool {
    let mut parts = folder.rsplit('/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(_), Some("node_modules"), _) => true,
        (Some(_), Some(scope), Some("node_modules")) => scope.starts_with('@'),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cataloguer::listing;

    #[test]
    fn what_is_not_where_npm_installs_counts_if_it_may_be_published() {
        let text = br#"{"name":"@types/node","version":"20.1.0","license":"MIT","dependencies":{"undici":"*"}}"#;
        assert_eq!(
            listing(&NpmPackage, "app/node_modules/@types/node/package.json", text),
            "npm @types/node 20.1.0\n"
        );
        let copy = "app/node_modules/next/dist/compiled/node/package.json";
        assert_eq!(listing(&NpmPackage, copy, text), "npm @types/node 20.1.0\n");
        for text in [
            r#"{"name":"bytes","main":"index.js"}"#,
            r#"{"type":"commonjs"}"#,
            r#"{"name":"monorepo","version":"0.0.0","private":true}"#,
        ] {
            assert_eq!(listing(&NpmPackage, copy, text.as_bytes()), "", "{text}");
        }
    }

    #[test]
    fn broken_json_is_named_with_its_line() {
        let shown = listing(&NpmPackage, "node_modules/a/package.json", b"{\"name\":");
        assert!(shown.contains("not a valid package.json") && shown.contains("line 1"), "{shown}");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            listing(&NpmPackage, "node_modules/a/package.json", &bytes);
        }
    }
}

//! npm packages that are installed: `node_modules/NAME/package.json`.
//!
//! Many packages carry further `package.json` files for tests or module types; only the one that
//! lies where npm puts a package counts.
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
}

impl Cataloguer for NpmPackage {
    fn name(&self) -> &'static str {
        "npm-package"
    }

    fn wants(&self) -> &'static [Want] {
        &[Want::Name("package.json")]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        if !is_installed(file.folder()) {
            return Ok(());
        }
        let text = file.text()?;
        let manifest: Manifest<'_> = serde_json::from_str(&text)
            .map_err(|error| CatalogueError::malformed("package.json", error))?;
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
        found.add(package);
        Ok(())
    }
}

impl Manifest<'_> {
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
    fn only_the_file_where_npm_puts_a_package_counts() {
        let text = br#"{"name":"@types/node","version":"20.1.0","license":"MIT","dependencies":{"undici":"*"}}"#;
        assert_eq!(
            listing(&NpmPackage, "app/node_modules/@types/node/package.json", text),
            "npm @types/node 20.1.0\n"
        );
        assert_eq!(listing(&NpmPackage, "app/node_modules/a/test/package.json", text), "");
        assert_eq!(listing(&NpmPackage, "app/package.json", text), "");
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

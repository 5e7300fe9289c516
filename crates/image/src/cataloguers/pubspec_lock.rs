//! `pubspec.lock` of Dart and Flutter.
//!
//! Source: <https://dart.dev/tools/pub/glossary#lockfile>.

use plimsoll_model::{Package, PackageKind, Scope};
use serde_json::Value;

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};
use crate::yaml;

/// Reads Dart's lock.
#[derive(Debug)]
pub(crate) struct PubspecLock;

impl Cataloguer for PubspecLock {
    fn name(&self) -> &'static str {
        "pubspec-lock"
    }

    fn declares(&self, _path: &str) -> bool {
        true
    }

    fn wants(&self) -> &'static [Want] {
        &[Want::Name("pubspec.lock")]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        let lock = yaml::parse(&file.text()?)
            .map_err(|error| CatalogueError::malformed("pubspec.lock", error))?;
        let packages = lock.get("packages").and_then(Value::as_object);
        for (name, entry) in packages.into_iter().flatten() {
            let Some(version) = entry.get("version").and_then(yaml::scalar) else {
                found.skip(0, format!("`{name}` has no version"));
                continue;
            };
            let text = |key| entry.get(key).and_then(Value::as_str).unwrap_or_default();
            let mut package = Package::new(PackageKind::Pub, name, version);
            if text("dependency") == "direct dev" {
                package.scope = Scope::Development;
            }
            if matches!(text("source"), "git" | "path" | "sdk") {
                package.notes.push(format!("from {}, not from the registry", text("source")));
            }
            found.add(package);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cataloguer::listing;

    #[test]
    fn direct_development_dependencies_are_marked() {
        let lock = "packages:\n  a:\n    dependency: \"direct dev\"\n    source: hosted\n    version: \"2.2.1\"\n  b:\n    dependency: transitive\n";
        insta::assert_snapshot!(listing(&PubspecLock, "pubspec.lock", lock.as_bytes()), @r"
        pub a 2.2.1 (Development)
        Skipped: `b` has no version
        ");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "[a-c:{}\\[\\] \n]{0,40}") {
            listing(&PubspecLock, "pubspec.lock", format!("packages:\n  {text}").as_bytes());
        }
    }
}

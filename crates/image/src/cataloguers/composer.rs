//! PHP packages by Composer: `composer.lock`, and `vendor/composer/installed.json` of what is
//! there.
//!
//! Version 1 of the latter is a bare list; version 2 names development packages apart.
//!
//! Source: <https://getcomposer.org/doc/04-schema.md>.

use plimsoll_model::{Package, PackageKind, Scope};
use serde_json::{Map, Value};

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};
use crate::cataloguers::dependency_folder::is_in_dependency;

/// Begins the note of a package that an installer's plug-in put beside the others.
pub(crate) const INSTALLED_ELSEWHERE: &str = "not in its own folder of `vendor`, but in ";

/// Reads what Composer locked or installed.
#[derive(Debug)]
pub(crate) struct Composer;

impl Cataloguer for Composer {
    fn name(&self) -> &'static str {
        "composer"
    }

    fn declares(&self, path: &str) -> bool {
        !path.ends_with("installed.json")
    }

    fn version(&self) -> u32 {
        3
    }

    fn wants(&self) -> &'static [Want] {
        &[Want::Name("composer.lock"), Want::Suffix("composer/installed.json")]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        if file.name() == "composer.lock" && is_in_dependency(file.path()) {
            return Ok(());
        }
        let root: Value = serde_json::from_slice(&file.bytes()?)
            .map_err(|error| CatalogueError::malformed("Composer file", error))?;
        let list = |key| root.get(key).and_then(Value::as_array).into_iter().flatten();
        let development: Vec<&str> = list("dev-package-names").filter_map(Value::as_str).collect();
        let bare = root.as_array().into_iter().flatten();
        for entry in bare.chain(list("packages")) {
            let name = entry.get("name").and_then(Value::as_str).unwrap_or_default();
            let is_development = development.contains(&name);
            add(entry, if is_development { Scope::Development } else { Scope::Runtime }, found);
        }
        for entry in list("packages-dev") {
            add(entry, Scope::Development, found);
        }
        Ok(())
    }
}

fn add(entry: &Value, scope: Scope, found: &mut Found) {
    let text = |key| entry.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let (Some(name), Some(version)) = (text("name"), text("version")) else {
        found.skip(0, "package without name or version");
        return;
    };
    let mut package = Package::new(PackageKind::Composer, name, version);
    package.scope = scope;
    package.licenses = match entry.get("license") {
        Some(Value::Array(all)) => {
            all.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        Some(Value::String(one)) => vec![one.clone()],
        _ => Vec::new(),
    };
    // PHP itself and its extensions are no packages, and have no slash.
    let needs = entry.get("require").and_then(Value::as_object).into_iter().flat_map(Map::keys);
    package.depends_on = needs.filter(|name| name.contains('/')).cloned().collect();
    if version.starts_with("dev-") || version.ends_with("-dev") {
        let commit = entry.pointer("/source/reference").and_then(Value::as_str);
        package.notes.extend(commit.map(|commit| format!("from a branch, commit {commit}")));
    }
    // Of the folder of `installed.json`; null for what has no files.
    if let Some(path) = entry.get("install-path") {
        let path = path.as_str().unwrap_or("no folder");
        if path.trim_end_matches('/') != format!("../{name}") {
            package.notes.push(format!("{INSTALLED_ELSEWHERE}{path}"));
        }
    }
    found.add(package);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cataloguer::listing;

    #[test]
    fn locks_and_both_forms_of_what_is_installed() {
        let lock =
            br#"{"packages":[{"name":"a/b","version":"v1.0","require":{"php":">=7","c/d":"*"}}],
            "packages-dev":[{"name":"c/d","version":"2.0"},{"name":"e/f"}]}"#;
        insta::assert_snapshot!(listing(&Composer, "composer.lock", lock), @r"
        composer a/b v1.0
        composer c/d 2.0 (Development)
        Skipped: package without name or version
        ");
        let one = br#"[{"name":"a/b","version":"1.0"}]"#;
        assert_eq!(listing(&Composer, "vendor/composer/installed.json", one), "composer a/b 1.0\n");
        let two = br#"{"packages":[{"name":"a/b","version":"1.0"}],"dev-package-names":["a/b"]}"#;
        assert_eq!(
            listing(&Composer, "vendor/composer/installed.json", two),
            "composer a/b 1.0 (Development)\n"
        );
    }

    #[test]
    fn what_a_plug_in_put_elsewhere_is_noted() {
        let packages = serde_json::json!([
            {"name": "a/b", "version": "1", "install-path": "../a/b"},
            {"name": "c/d", "version": "1", "install-path": "../../web/modules/d"},
            {"name": "e/f", "version": "1", "install-path": null},
        ]);
        let mut noted = Vec::new();
        for entry in packages.as_array().into_iter().flatten() {
            let mut found = Found::default();
            add(entry, Scope::Runtime, &mut found);
            noted.extend(
                found
                    .packages
                    .iter()
                    .map(|it| it.notes.iter().any(|note| note.starts_with(INSTALLED_ELSEWHERE))),
            );
        }
        assert_eq!(noted, [false, true, true]);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            listing(&Composer, "composer.lock", &bytes);
        }
    }
}

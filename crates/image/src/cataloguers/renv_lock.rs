//! `renv.lock` of R.
//!
//! Only what comes from a repository of packages is named after it: a package from a forge or
//! from Bioconductor may share its name with another one there.
//!
//! Source: <https://rstudio.github.io/renv/articles/lockfile.html>.

use plimsoll_model::{Package, PackageKind};
use serde_json::Value;

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};

/// Reads renv's lock.
#[derive(Debug)]
pub(crate) struct RenvLock;

impl Cataloguer for RenvLock {
    fn name(&self) -> &'static str {
        "renv-lock"
    }

    fn declares(&self, _path: &str) -> bool {
        true
    }

    fn wants(&self) -> &'static [Want] {
        &[Want::Name("renv.lock")]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        let lock: Value = serde_json::from_slice(&file.bytes()?)
            .map_err(|error| CatalogueError::malformed("renv.lock", error))?;
        let packages = lock.get("Packages").and_then(Value::as_object);
        for (key, entry) in packages.into_iter().flatten() {
            let text = |key| entry.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
            let (Some(name), Some(version)) = (text("Package"), text("Version")) else {
                found.skip(0, format!("`{key}` has no name or no version"));
                continue;
            };
            if text("Repository").is_none() {
                let source = text("Source").unwrap_or("nowhere stated");
                found.skip(0, format!("`{name}` {version} is from no repository: {source}"));
                continue;
            }
            let mut package = Package::new(PackageKind::Cran, name, version);
            let needs = entry.get("Requirements").and_then(Value::as_array).into_iter().flatten();
            package.depends_on = needs.filter_map(Value::as_str).map(str::to_owned).collect();
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
    fn what_is_from_no_repository_is_said() {
        let lock = br#"{"Packages":{"a":{"Package":"a","Version":"1.0","Repository":"CRAN"},
            "b":{"Package":"b","Version":"2.0","Source":"GitHub"}}}"#;
        insta::assert_snapshot!(listing(&RenvLock, "renv.lock", lock), @r"
        cran a 1.0
        Skipped: `b` 2.0 is from no repository: GitHub
        ");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            listing(&RenvLock, "renv.lock", &bytes);
        }
    }
}

//! Crates that `Cargo.lock` pins, in any of its versions.
//!
//! Since version 2 a dependency is written with its version only where the name alone is not
//! enough. Checksums stand with the package, in version 1 in a table of their own. Crates of the
//! workspace have no source.
//!
//! Source: <https://doc.rust-lang.org/cargo/reference/resolver.html>.

use std::collections::BTreeMap;

use plimsoll_model::{Hash, Package, PackageKind};
use serde::Deserialize;
use toml::Spanned;

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};
use crate::cataloguers::dependency_folder::is_in_dependency;

/// Reads `Cargo.lock`.
#[derive(Debug)]
pub(crate) struct CargoLock;

/// The largest file that is read: 16 MiB. Workspaces of a thousand crates reach one.
const MAX_FILE: u64 = 16 << 20;

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Entry>,
    /// The crate itself, before it was listed among the others.
    root: Option<Entry>,
    /// `checksum NAME VERSION (SOURCE)` to digest, in version 1.
    #[serde(default)]
    metadata: BTreeMap<String, toml::Value>,
}

#[derive(Deserialize)]
struct Entry {
    name: Spanned<String>,
    version: Option<String>,
    source: Option<String>,
    checksum: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

impl Cataloguer for CargoLock {
    fn name(&self) -> &'static str {
        "cargo-lock"
    }

    fn declares(&self, _path: &str) -> bool {
        true
    }

    fn version(&self) -> u32 {
        2
    }

    fn wants(&self) -> &'static [Want] {
        &[Want::Name("Cargo.lock")]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        if is_in_dependency(file.path()) {
            return Ok(());
        }
        if file.size() > MAX_FILE {
            return Err(CatalogueError::TooLarge { size: file.size(), limit: MAX_FILE });
        }
        let text = file.text()?;
        let lock: Lock = toml::from_str(&text)
            .map_err(|error| CatalogueError::malformed("Cargo.lock", error.to_string().trim()))?;
        let (mut line, mut passed) = (1, 0);
        for entry in lock.root.iter().chain(&lock.package) {
            // Entries come in the order of the file, so that lines are counted once.
            let start = entry.name.span().start;
            if let Some(between) = text.get(passed..start) {
                line += between.matches('\n').count();
                passed = start;
            }
            let Some(version) = &entry.version else {
                found.skip(line, format!("`{}` has no version", entry.name.get_ref()));
                continue;
            };
            found.add_at(file, line, package(entry, version, &lock.metadata));
        }
        Ok(())
    }
}

fn package(entry: &Entry, version: &str, metadata: &BTreeMap<String, toml::Value>) -> Package {
    let name = entry.name.get_ref();
    let mut package = Package::new(PackageKind::Cargo, name, version);
    let names = entry.dependencies.iter().filter_map(|needed| needed.split(' ').next());
    package.depends_on = names.map(str::to_owned).collect();
    package.depends_on.dedup();
    let source = entry.source.as_deref().unwrap_or_default();
    let apart = || metadata.get(&format!("checksum {name} {version} ({source})"))?.as_str();
    let checksum = entry.checksum.as_deref().or_else(apart);
    let is_digest = |hex: &&str| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit());
    package.hashes.extend(
        checksum.filter(is_digest).map(|hex| Hash { algorithm: "sha256".into(), hex: hex.into() }),
    );
    if source.starts_with("git+") {
        package.notes.push(format!("from `{source}`"));
    }
    package
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cataloguer::listing;

    #[test]
    fn versions_two_and_later_name_what_they_need_briefly() {
        let lock = br#"
version = 4

[[package]]
name = "app"
version = "0.1.0"
dependencies = [
 "libc",
 "syn 1.0.0",
 "syn 2.0.0",
]

[[package]]
name = "libc"
version = "0.2.9"
source = "registry+https://example.com/index"
checksum = "e7a2e47a1fbe209ee101dd6d61285226744c6c8d3c21c8dc878ba6cb9f467f3a"
"#;
        insta::assert_snapshot!(listing(&CargoLock, "Cargo.lock", lock), @r"
        cargo app 0.1.0 (line 5)
        cargo libc 0.2.9 (line 14)
        ");
        let mut found = Found::default();
        let lock = lock.to_vec();
        CargoLock.catalogue(&File::new("Cargo.lock", &lock, false), &mut found).unwrap();
        assert_eq!(found.packages[0].depends_on, ["libc", "syn"]);
        assert_eq!(found.packages[1].hashes[0].hex.len(), 64);
    }

    #[test]
    fn version_one_has_a_root_and_checksums_apart() {
        let lock = br#"
[root]
name = "app"
version = "0.1.0"
dependencies = ["libc 0.2.9 (registry+https://example.com/index)"]

[[package]]
name = "libc"
version = "0.2.9"
source = "registry+https://example.com/index"

[metadata]
"checksum libc 0.2.9 (registry+https://example.com/index)" = "e7a2e47a1fbe209ee101dd6d61285226744c6c8d3c21c8dc878ba6cb9f467f3a"
"#
        .to_vec();
        let mut found = Found::default();
        CargoLock.catalogue(&File::new("Cargo.lock", &lock, false), &mut found).unwrap();
        assert_eq!(found.packages[0].depends_on, ["libc"]);
        assert_eq!(found.packages[1].hashes.len(), 1);
    }

    #[test]
    fn a_file_that_is_no_toml_is_an_error_with_its_line() {
        let listed = listing(&CargoLock, "Cargo.lock", b"version = 3\n[[package\n");
        assert!(listed.contains("line 2"), "{listed}");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            listing(&CargoLock, "Cargo.lock", &bytes);
        }
    }
}

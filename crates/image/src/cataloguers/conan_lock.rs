//! `conan.lock` of C and C++: version 2's lists of references, and version 1's graph.
//!
//! A reference is `name/version@user/channel#revision%time`; the node of the project itself has a
//! path.
//!
//! Source: <https://docs.conan.io/2/tutorial/versioning/lockfiles.html>.

use plimsoll_model::{Package, PackageKind, Scope};
use serde_json::Value;

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};

/// Reads Conan's lock.
#[derive(Debug)]
pub(crate) struct ConanLock;

impl Cataloguer for ConanLock {
    fn name(&self) -> &'static str {
        "conan-lock"
    }

    fn declares(&self, _path: &str) -> bool {
        true
    }

    fn wants(&self) -> &'static [Want] {
        &[Want::Name("conan.lock")]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        let lock: Value = serde_json::from_slice(&file.bytes()?)
            .map_err(|error| CatalogueError::malformed("conan.lock", error))?;
        let nodes = lock.pointer("/graph_lock/nodes").and_then(Value::as_object);
        for (_, node) in nodes.into_iter().flatten() {
            let text = |key| node.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
            if text("path").is_some() {
                continue;
            }
            // The oldest forms keep it in `pref`, null for the project itself.
            if let Some(reference) = text("ref").or_else(|| text("pref")) {
                let is_built = text("context") == Some("build");
                add(reference, if is_built { Scope::Development } else { Scope::Runtime }, found);
            }
        }
        for (list, scope) in [
            ("requires", Scope::Runtime),
            ("build_requires", Scope::Development),
            ("python_requires", Scope::Development),
        ] {
            let references = lock.get(list).and_then(Value::as_array);
            for reference in references.into_iter().flatten().filter_map(Value::as_str) {
                add(reference, scope, found);
            }
        }
        Ok(())
    }
}

fn add(reference: &str, scope: Scope, found: &mut Found) {
    let plain = reference.split(['@', '#', '%', ':']).next().unwrap_or(reference);
    match plain.split_once('/') {
        Some((name, version)) if !name.is_empty() && !version.is_empty() => {
            let mut package = Package::new(PackageKind::Conan, name, version);
            package.scope = scope;
            found.add(package);
        }
        _ => found.skip(0, format!("`{plain}` is no name with a version")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cataloguer::listing;

    #[test]
    fn both_versions_list_references() {
        let two = br#"{"version":"0.5","requires":["zlib/1.2.11#ff%16","1.2"],"build_requires":["ninja/1.11.1#a2"]}"#;
        insta::assert_snapshot!(listing(&ConanLock, "conan.lock", two), @r"
        conan zlib 1.2.11
        conan ninja 1.11.1 (Development)
        Skipped: `1.2` is no name with a version
        ");
        let one = br#"{"graph_lock":{"nodes":{"0":{"ref":"own/1","path":"conanfile.py"},"1":{"pref":"zlib/1.2@a/b#5:19"}}}}"#;
        assert_eq!(listing(&ConanLock, "conan.lock", one), "conan zlib 1.2\n");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            listing(&ConanLock, "conan.lock", &bytes);
        }
    }
}

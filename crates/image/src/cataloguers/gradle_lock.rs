//! `gradle.lockfile`: `group:artifact:version=configuration,…`, a line each.
//!
//! Source: <https://docs.gradle.org/current/userguide/dependency_locking.html>.

use plimsoll_model::{Package, PackageKind, Scope};

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};

/// Reads Gradle's lock.
#[derive(Debug)]
pub(crate) struct GradleLock;

impl Cataloguer for GradleLock {
    fn name(&self) -> &'static str {
        "gradle-lock"
    }

    fn declares(&self, _path: &str) -> bool {
        true
    }

    fn wants(&self) -> &'static [Want] {
        &[Want::Name("gradle.lockfile"), Want::Name("buildscript-gradle.lockfile")]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        for (at, line) in file.text()?.lines().enumerate() {
            let line = line.trim();
            // `empty=` lists configurations without any dependency.
            if line.is_empty() || line.starts_with(['#', '/']) || line.starts_with("empty=") {
                continue;
            }
            match package(line) {
                Some(mut package) => {
                    if file.name().starts_with("buildscript") {
                        package.scope = Scope::Development;
                    }
                    found.add_at(file, at + 1, package);
                }
                None => found.skip(at + 1, "expected `group:artifact:version=…`"),
            }
        }
        Ok(())
    }
}

fn package(line: &str) -> Option<Package> {
    let (coordinates, configurations) = line.split_once('=')?;
    let (name, version) = coordinates.rsplit_once(':')?;
    if !name.contains(':') || version.is_empty() {
        return None;
    }
    let mut package = Package::new(PackageKind::Maven, name, version);
    let is_test = |c: &str| c.starts_with("test") || c.starts_with("annotationProcessor");
    if !configurations.is_empty() && configurations.split(',').all(is_test) {
        package.scope = Scope::Development;
    }
    Some(package)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cataloguer::listing;

    #[test]
    fn configurations_tell_what_is_for_tests_only() {
        let text = "# comment\norg.a:b:1.0=compileClasspath,runtimeClasspath\nc:d:2=testRuntimeClasspath\nodd\nempty=\n";
        insta::assert_snapshot!(listing(&GradleLock, "gradle.lockfile", text.as_bytes()), @r"
        maven org.a:b 1.0 (line 2)
        maven c:d 2 (Development) (line 3)
        Skipped line 4: expected `group:artifact:version=…`
        ");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,60}") {
            listing(&GradleLock, "gradle.lockfile", text.as_bytes());
        }
    }
}

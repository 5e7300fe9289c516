//! What a `pom.xml` declares: direct dependencies, with the versions that the file itself gives.
//!
//! A version that a parent or an imported list gives is not in the file and stays empty.
//!
//! Source: <https://maven.apache.org/pom.html>.

use std::collections::HashSet;

use plimsoll_model::{Package, PackageKind, Scope};

use super::java::pom::Pom;
use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};

/// Reads Maven's project files.
#[derive(Debug)]
pub(crate) struct MavenPom;

impl Cataloguer for MavenPom {
    fn name(&self) -> &'static str {
        "maven-pom"
    }

    fn declares(&self, _path: &str) -> bool {
        true
    }

    fn wants(&self) -> &'static [Want] {
        &[Want::Name("pom.xml")]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        let pom = Pom::parse(&file.text()?)
            .map_err(|error| CatalogueError::malformed("pom.xml", error))?;
        let mut seen = HashSet::new();
        for dependency in pom.dependencies {
            // Maven takes the first of several that differ in classifier or version.
            if !seen.insert(dependency.coordinates.name()) {
                continue;
            }
            let coordinates = &dependency.coordinates;
            let version = coordinates.version.as_str();
            let mut package = Package::new(PackageKind::Maven, coordinates.name(), version);
            package.scope = match dependency.scope.as_str() {
                "test" => Scope::Development,
                _ if dependency.optional => Scope::Optional,
                _ => Scope::Runtime,
            };
            package.notes.push("declared by a project, not seen installed".into());
            if version.is_empty() {
                package.notes.push("a parent or an imported list gives its version".into());
            }
            found.add_at(file, dependency.line, package);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cataloguer::listing;

    #[test]
    fn declared_dependencies_have_their_line_and_scope() {
        let text = "<project>\n<dependencies>\n<dependency><groupId>g</groupId><artifactId>a</artifactId>\
            <version>1</version></dependency>\n<dependency><groupId>j</groupId><artifactId>j</artifactId>\
            <version>4</version><scope>test</scope></dependency>\n</dependencies></project>";
        insta::assert_snapshot!(listing(&MavenPom, "pom.xml", text.as_bytes()), @r"
        maven g:a 1 (line 3)
        maven j:j 4 (Development) (line 4)
        ");
    }

    #[test]
    fn a_file_of_that_name_that_is_no_project_is_named() {
        insta::assert_snapshot!(listing(&MavenPom, "pom.xml", b"<a/>"), @"error: not a valid pom.xml: `a` where `project` should be");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "[<>/a-c${}]{0,60}") {
            listing(&MavenPom, "pom.xml", format!("<project>{text}</project>").as_bytes());
        }
    }
}

//! What Syft and Grype call kinds of packages.

use crate::PackageKind;

/// Syft's word for a kind of package.
///
/// Source: <https://github.com/anchore/syft/blob/main/syft/pkg/type.go>.
pub fn type_of(kind: PackageKind) -> &'static str {
    match kind {
        PackageKind::Ebuild => "portage",
        PackageKind::Pypi => "python",
        PackageKind::Golang => "go-module",
        PackageKind::Cargo => "rust-crate",
        PackageKind::Maven => "java-archive",
        PackageKind::Composer => "php-composer",
        PackageKind::Nuget => "dotnet",
        PackageKind::Pub => "dart-pub",
        PackageKind::Hex => "hex",
        PackageKind::Cocoapods => "pod",
        PackageKind::Cran => "R-package",
        PackageKind::Github => "github-action",
        PackageKind::Generic => "binary",
        other => other.purl_type(),
    }
}

/// Syft's name of a package: of Maven's the artifact alone, as the group stands in the package URL; of Python's the
/// normal form, which the package index goes by.
///
/// Source: <https://packaging.python.org/en/latest/specifications/name-normalization/>.
pub fn name_of(kind: PackageKind, name: &str) -> String {
    match kind {
        PackageKind::Maven => name.rsplit_once(':').map_or(name, |(_, artifact)| artifact).into(),
        PackageKind::Pypi => {
            let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
            parts.collect::<Vec<_>>().join("-").to_ascii_lowercase()
        }
        _ => name.to_owned(),
    }
}

/// Syft's word for the language of a kind of package; empty where there is none.
pub fn language(kind: PackageKind) -> &'static str {
    match kind {
        PackageKind::Npm => "javascript",
        PackageKind::Pypi => "python",
        PackageKind::Golang => "go",
        PackageKind::Cargo => "rust",
        PackageKind::Maven => "java",
        PackageKind::Gem => "ruby",
        PackageKind::Composer => "php",
        PackageKind::Nuget => "dotnet",
        PackageKind::Pub => "dart",
        PackageKind::Hex => "elixir",
        PackageKind::Swift | PackageKind::Cocoapods => "swift",
        PackageKind::Conan => "c++",
        PackageKind::Cran => "R",
        PackageKind::Hackage => "haskell",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_maven_and_python_are_those_that_syft_writes() {
        let of = name_of;
        assert_eq!(of(PackageKind::Maven, "org.apache.commons:commons-text"), "commons-text");
        assert_eq!(of(PackageKind::Pypi, "Zope.Interface"), "zope-interface");
        assert_eq!(of(PackageKind::Npm, "@Scope/name"), "@Scope/name");
    }
}

//! Which part of the target a package belongs to: the operating system, or one application.
//!
//! An application is what a person updates in one go: a lock file, the folder above a tree of
//! `node_modules`, a jar with all that is nested in it, a binary, an environment of Python.

use plimsoll_model::{PackageKind, PackageMatch};

/// A part of the target.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Application {
    /// Packages of the distribution.
    System,
    /// Packages of a language.
    Path {
        /// Path in the image, as found; may hold anything.
        path: String,
        /// The language or its package manager, as people call it.
        kind: &'static str,
    },
}

impl Application {
    /// The part that a package belongs to, by the place where it was found first.
    pub fn of(package: &PackageMatch) -> Self {
        if package.kind.is_os() {
            return Self::System;
        }
        let path = package.locations.first().map_or("", |place| place.path.as_str());
        Self::Path { path: root(package.kind, path).to_owned(), kind: word(package.kind) }
    }

    /// The path, for reports that name it; `None` for the operating system.
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::System => None,
            Self::Path { path, .. } => Some(path),
        }
    }
}

fn root(kind: PackageKind, path: &str) -> &str {
    let before = |mark: &str| path.split_once(mark).map(|(front, _)| front);
    let through = |mark: &str| {
        let start = path.find(mark)?;
        path.get(..start.checked_add(mark.len())?).map(|front| front.trim_end_matches('/'))
    };
    let found = match kind {
        PackageKind::Npm => through("node_modules/"),
        PackageKind::Pypi if path.contains(".dist-info") || path.contains(".egg-info") => {
            through("-packages/")
        }
        PackageKind::Gem => before("/specifications/").or_else(|| before("/gems/")),
        _ => None,
    };
    found.or_else(|| before("!/")).unwrap_or(path)
}

fn word(kind: PackageKind) -> &'static str {
    match kind {
        PackageKind::Pypi => "Python",
        PackageKind::Golang => "Go",
        PackageKind::Cargo => "Rust",
        PackageKind::Maven => "Java",
        PackageKind::Gem => "Ruby",
        PackageKind::Composer => "PHP",
        PackageKind::Nuget => ".NET",
        PackageKind::Pub => "Dart",
        other => other.purl_type(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_that_are_updated_together_have_one_root() {
        assert_eq!(
            root(PackageKind::Npm, "app/node_modules/a/node_modules/b/package.json"),
            "app/node_modules"
        );
        assert_eq!(root(PackageKind::Npm, "app/package-lock.json"), "app/package-lock.json");
        assert_eq!(root(PackageKind::Maven, "srv/a.war!/WEB-INF/lib/b.jar!/c.jar"), "srv/a.war");
        assert_eq!(root(PackageKind::Golang, "usr/bin/tool"), "usr/bin/tool");
        assert_eq!(
            root(PackageKind::Pypi, "usr/lib/python3/dist-packages/Django-2.2.dist-info/METADATA"),
            "usr/lib/python3/dist-packages"
        );
        assert_eq!(
            root(PackageKind::Gem, "usr/lib/ruby/gems/3.1.0/specifications/rack-2.0.gemspec"),
            "usr/lib/ruby/gems/3.1.0"
        );
    }
}

//! What of a package matters to matching, and nothing else: two packages that are the same here have
//! the same findings in every image.

use plimsoll_advisory::database::Database;
use plimsoll_advisory::matching::{self, Declared, is_judged};
use plimsoll_model::{Distro, Ecosystem, Package, PackageKind, Purl, SourcePackage};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// A package without the image that it is in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Component {
    /// Type of the package.
    pub kind: PackageKind,
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// Architecture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arch: Option<String>,
    /// What it is built from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourcePackage>,
    /// rpm's module.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// Notes that matching looks at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The release that it is a package of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<Release>,
    /// Whether its own advisories count. They do not where it is only asked for, or where a package
    /// of the distribution owns its files.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub judged: bool,
}

/// What of a distribution matters to its packages.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Release {
    /// `debian`.
    pub id: String,
    /// `12`.
    pub version: String,
    /// Under which its advisories stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ecosystem: Option<Ecosystem>,
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_yes(value: &bool) -> bool {
    *value
}

impl Release {
    fn distro(&self) -> Distro {
        Distro {
            id: self.id.clone(),
            version: self.version.clone(),
            ecosystem: self.ecosystem.clone(),
            ..Distro::default()
        }
    }
}

impl Component {
    /// What a package of an image is; `None` where a later layer removed it.
    pub fn of(package: &Package, distro: Option<&Distro>, declared: Declared) -> Option<Self> {
        if package.removed_in.is_some() {
            return None;
        }
        let release = distro.filter(|_| package.kind.is_os()).map(|distro| Release {
            id: distro.id.clone(),
            version: distro.version.clone(),
            ecosystem: distro.ecosystem.clone(),
        });
        // Only a toolchain of Go has notes that count.
        let counts = |note: &&String| package.name == "stdlib" && note.contains("patched");
        Some(Self {
            kind: package.kind,
            name: package.name.clone(),
            version: package.version.clone(),
            arch: package.arch.clone().filter(|_| package.kind.is_os()),
            source: package.source.clone(),
            module: package.module.clone(),
            notes: package.notes.iter().filter(counts).cloned().collect(),
            release,
            judged: is_judged(package, distro, declared),
        })
    }

    /// The package that matching sees.
    pub fn package(&self) -> Package {
        Package {
            arch: self.arch.clone(),
            source: self.source.clone(),
            module: self.module.clone(),
            notes: self.notes.clone(),
            ..Package::new(self.kind, self.name.clone(), self.version.clone())
        }
    }

    /// The distribution that matching sees.
    pub fn distro(&self) -> Option<Distro> {
        self.release.as_ref().map(Release::distro)
    }

    /// Package URL.
    pub fn purl(&self) -> String {
        Purl::of(&self.package(), self.distro().as_ref()).to_string()
    }

    /// What tells it from others.
    pub fn key(&self) -> String {
        let body = serde_json::to_vec(self).unwrap_or_default();
        plimsoll_supply::hash::hex(Sha256::digest(body).get(..16).unwrap_or_default())
    }

    /// As it is stored.
    pub fn body(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|_| Error::Damaged("a component"))
    }

    /// From what is stored.
    pub fn from_body(body: &str) -> Result<Self> {
        serde_json::from_str(body).map_err(|_| Error::Damaged("a component"))
    }

    /// Under which keys of packages advisories on it stand: [`Database::package_key`].
    pub fn advisory_keys(&self) -> Vec<i64> {
        matching::names(&self.package(), self.distro().as_ref())
            .iter()
            .map(|(family, name)| Database::package_key(*family, name).cast_signed())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn debian() -> Distro {
        Distro {
            id: "debian".into(),
            version: "12".into(),
            ecosystem: Some("Debian:12".parse().unwrap()),
            ..Distro::default()
        }
    }

    #[test]
    fn where_a_package_lies_makes_no_other_component() {
        let mut package = Package::new(PackageKind::Npm, "lodash", "4.17.4");
        let one = Component::of(&package, None, Declared::Passed).unwrap();
        package.locations.push(plimsoll_model::Location {
            path: "app/package.json".into(),
            layer: Some(3),
            line: None,
        });
        package.licenses.push("MIT".into());
        let distro = debian();
        assert_eq!(Component::of(&package, Some(&distro), Declared::Passed).unwrap(), one);
        assert_eq!(Component::from_body(&one.body().unwrap()).unwrap(), one);
    }

    #[test]
    fn what_is_owned_or_only_asked_for_is_another_component_that_nobody_judges() {
        let distro = debian();
        let mut package = Package::new(PackageKind::Pypi, "six", "1.16.0");
        let own = Component::of(&package, Some(&distro), Declared::Passed).unwrap();
        package.owner = Some("python3-six".into());
        let owned = Component::of(&package, Some(&distro), Declared::Passed).unwrap();
        assert!(own.judged && !owned.judged);
        assert_ne!(own.key(), owned.key());
        package.removed_in = Some(2);
        assert_eq!(Component::of(&package, Some(&distro), Declared::Passed), None);
    }

    #[test]
    fn a_release_is_part_of_its_packages() {
        let package = Package::new(PackageKind::Deb, "curl", "7.88.1-10");
        let distro = debian();
        let twelve = Component::of(&package, Some(&distro), Declared::Passed).unwrap();
        let thirteen = Distro { version: "13".into(), ..debian() };
        let thirteen = Component::of(&package, Some(&thirteen), Declared::Passed).unwrap();
        assert_ne!(twelve.key(), thirteen.key());
        assert_eq!(twelve.purl(), "pkg:deb/debian/curl@7.88.1-10?distro=debian-12");
    }
}

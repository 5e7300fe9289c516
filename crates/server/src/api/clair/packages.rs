//! What an image has, in Clair's words: packages, distributions, and where each package was found.

use std::collections::BTreeMap;

use plimsoll_model::{Distro, Inventory, Package, PackageKind};
use serde::Serialize;

/// A package. Its id is its place in the inventory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct ClairPackage {
    id: String,
    name: String,
    version: String,
    kind: &'static str,
    source: Option<Box<ClairPackage>>,
    #[serde(skip_serializing_if = "String::is_empty")]
    module: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    arch: String,
}

impl ClairPackage {
    pub(super) fn of(id: usize, package: &Package) -> Self {
        let source = package.source.as_ref().map(|source| {
            Box::new(Self {
                id: format!("{id}s"),
                name: source.name.clone(),
                version: source.version.clone(),
                kind: "source",
                source: None,
                module: String::new(),
                arch: String::new(),
            })
        });
        Self {
            id: id.to_string(),
            name: package.name.clone(),
            version: package.version.clone(),
            kind: "binary",
            source,
            module: package.module.clone().unwrap_or_default(),
            arch: package.arch.clone().unwrap_or_default(),
        }
    }
}

/// A distribution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Distribution {
    id: String,
    did: String,
    name: String,
    version: String,
    version_code_name: String,
    version_id: String,
    arch: String,
    cpe: String,
    pretty_name: String,
}

impl Distribution {
    pub(super) fn of(distro: &Distro) -> Self {
        let name = distro.name.split_whitespace().next().unwrap_or(&distro.id);
        Self {
            id: DISTRIBUTION.into(),
            did: distro.id.clone(),
            name: name.to_owned(),
            version: distro.version.clone(),
            version_code_name: distro.codename.clone().unwrap_or_default(),
            version_id: distro.version.clone(),
            arch: String::new(),
            cpe: String::new(),
            pretty_name: distro.name.clone(),
        }
    }
}

/// An image has one.
const DISTRIBUTION: &str = "1";

/// Where a package is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Environment {
    package_db: String,
    introduced_in: String,
    distribution_id: String,
    repository_ids: Option<Vec<String>>,
}

/// What an image has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Content {
    packages: BTreeMap<String, ClairPackage>,
    distributions: BTreeMap<String, Distribution>,
    repository: BTreeMap<String, Repository>,
    environments: BTreeMap<String, Vec<Environment>>,
}

/// Where packages of a language come from; those of a distribution come from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Repository {
    id: String,
    name: String,
    uri: String,
}

/// Repositories as Clair calls them.
fn repository(kind: PackageKind) -> Option<(&'static str, &'static str)> {
    match kind {
        PackageKind::Pypi => Some(("pypi", "https://pypi.org/simple")),
        PackageKind::Maven => Some(("maven", "https://repo1.maven.org/maven2")),
        PackageKind::Gem => Some(("rubygems", "https://rubygems.org/gems/")),
        PackageKind::Golang => Some(("go", "https://pkg.go.dev/")),
        PackageKind::Npm => Some(("npm", "https://www.npmjs.com/")),
        _ => None,
    }
}

impl Content {
    pub(super) fn of(inventory: &Inventory, hash: &str) -> Self {
        let mut content = Self::default();
        if let Some(distro) = &inventory.distro {
            content.distributions.insert(DISTRIBUTION.into(), Distribution::of(distro));
        }
        for (id, package) in inventory.packages.iter().enumerate() {
            if package.removed_in.is_some() {
                continue;
            }
            content.environments.insert(id.to_string(), content.places(inventory, package, hash));
            content.packages.insert(id.to_string(), ClairPackage::of(id, package));
            if let Some((name, uri)) = repository(package.kind) {
                content.repository.entry(name.into()).or_insert_with(|| Repository {
                    id: name.into(),
                    name: name.into(),
                    uri: uri.into(),
                });
            }
        }
        content
    }

    fn places(&self, inventory: &Inventory, package: &Package, hash: &str) -> Vec<Environment> {
        let layer = |at: Option<u32>| {
            let layer = inventory.layers.get(usize::try_from(at?).ok()?)?;
            layer.digest.as_ref().map(ToString::to_string)
        };
        let is_of_distro = package.kind.is_os() && !self.distributions.is_empty();
        let distribution = if is_of_distro { DISTRIBUTION } else { "" };
        let place = |path: &str, at: Option<u32>| Environment {
            package_db: path.to_owned(),
            introduced_in: layer(at).unwrap_or_else(|| hash.to_owned()),
            distribution_id: distribution.into(),
            repository_ids: repository(package.kind).map(|(name, _)| vec![name.to_owned()]),
        };
        if package.locations.is_empty() {
            return vec![place("", None)];
        }
        package.locations.iter().map(|it| place(&it.path, it.layer)).collect()
    }
}

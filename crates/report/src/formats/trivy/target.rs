//! Under which target, class and type Trivy lists a package.
//!
//! Source: <https://github.com/aquasecurity/trivy/blob/main/pkg/fanal/types/const.go>.

use plimsoll_model::{EcosystemName, Inventory, Location, PackageKind, lock_file};

/// Where packages come from; results are sorted by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    System,
    Language,
}

impl Class {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::System => "os-pkgs",
            Self::Language => "lang-pkgs",
        }
    }
}

/// The head of a result.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    pub(super) class: Class,
    pub(super) name: String,
    pub(super) kind: String,
}

impl Target {
    /// The packages of the distribution.
    pub(super) fn system(inventory: &Inventory, name: &str) -> Option<Self> {
        let (family, release) = system(inventory)?;
        let name = format!("{name} ({family} {release})").replace(" )", ")");
        Some(Self { class: Class::System, name, kind: family })
    }

    /// Where a package is listed that lies in these places.
    pub(super) fn of(
        kind: PackageKind,
        places: &[Location],
        inventory: &Inventory,
        name: &str,
    ) -> Self {
        if kind.is_os()
            && let Some(target) = Self::system(inventory, name)
        {
            return target;
        }
        let path = places.first().map_or("", |place| place.path.as_str());
        let class = if kind.is_os() { Class::System } else { Class::Language };
        let (kind, shared) = language(kind, path);
        let name = shared.map_or_else(|| path.to_owned(), str::to_owned);
        let name = if name.is_empty() { kind.to_owned() } else { name };
        Self { class, name, kind: kind.to_owned() }
    }

    /// Whether the paths of its packages differ, so that each is told.
    pub(super) fn names_paths(&self) -> bool {
        SHARED.iter().any(|(kind, _)| *kind == self.kind)
    }
}

/// Types whose packages stand under one name, whatever their paths.
const SHARED: [(&str, &str); 5] = [
    ("node-pkg", "Node.js"),
    ("python-pkg", "Python"),
    ("gemspec", "Ruby"),
    ("jar", "Java"),
    ("conda-pkg", "Conda"),
];

/// Family and release of the distribution.
pub(super) fn system(inventory: &Inventory) -> Option<(String, String)> {
    let distro = inventory.distro.as_ref().filter(|distro| !distro.id.is_empty())?;
    let family = match distro.ecosystem.as_ref().map(plimsoll_model::Ecosystem::name) {
        Some(EcosystemName::RedHat) if distro.id == "rhel" => "redhat",
        Some(EcosystemName::AlmaLinux) => "alma",
        Some(EcosystemName::Amazon) => "amazon",
        Some(EcosystemName::Oracle) => "oracle",
        Some(EcosystemName::Rocky) => "rocky",
        Some(EcosystemName::Mariner) => "cbl-mariner",
        Some(EcosystemName::AzureLinux) => "azurelinux",
        _ => match distro.id.as_str() {
            "sles" => "suse linux enterprise server",
            "opensuse-leap" => "opensuse.leap",
            "opensuse-tumbleweed" => "opensuse.tumbleweed",
            id => id,
        },
    };
    Some((family.to_owned(), distro.version.clone()))
}

/// The type, and the name that stands for all of them where there is one.
fn language(kind: PackageKind, path: &str) -> (&'static str, Option<&'static str>) {
    let file = path.rsplit('/').next().unwrap_or(path);
    let vendored = (file == "installed.json").then_some("composer-vendor");
    let kind = lock_file(path).or(vendored).unwrap_or(match kind {
        PackageKind::Npm => "node-pkg",
        PackageKind::Pypi => "python-pkg",
        PackageKind::Gem => "gemspec",
        PackageKind::Maven => "jar",
        PackageKind::Golang => "gobinary",
        PackageKind::Cargo => "rustbinary",
        PackageKind::Nuget => "dotnet-core",
        PackageKind::Composer => "composer",
        PackageKind::Conda => "conda-pkg",
        other => other.purl_type(),
    });
    (kind, SHARED.iter().find(|(known, _)| *known == kind).map(|(_, name)| *name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installed_packages_share_a_target_and_lock_files_are_their_own() {
        let of = |kind, path| language(kind, path);
        let npm = of(PackageKind::Npm, "app/node_modules/a/package.json");
        assert_eq!(npm, ("node-pkg", Some("Node.js")));
        assert_eq!(of(PackageKind::Npm, "app/package-lock.json"), ("npm", None));
        assert_eq!(of(PackageKind::Golang, "usr/bin/tool"), ("gobinary", None));
        assert_eq!(of(PackageKind::Pypi, "app/requirements-dev.txt"), ("pip", None));
        assert_eq!(of(PackageKind::Maven, "srv/a.war!/b.jar"), ("jar", Some("Java")));
        assert_eq!(of(PackageKind::Pypi, "pylock.dev.toml"), ("pylock", None));
    }
}

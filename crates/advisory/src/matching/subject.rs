//! Under which ecosystems, names and versions a package's advisories stand.
//!
//! Debian, Ubuntu, Alpine and their like name source packages, and so do Azure Linux and Photon;
//! the other rpm distributions name the packages that they build from them. Language packages go by their own name.

use plimsoll_model::{Distro, Ecosystem, EcosystemName, Package, PackageKind};

use crate::versions::Scheme;

/// A package as its advisories know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Subject<'p> {
    pub(super) package: &'p Package,
    pub(super) scheme: Scheme,
    /// Whether a distribution's word counts and not the upstream project's.
    pub(super) is_os: bool,
    /// Name and version under which entries that name source packages are looked up.
    pub(super) source: (&'p str, &'p str),
    /// Name and version under which entries that name built packages are looked up.
    pub(super) binary: (&'p str, &'p str),
}

impl<'p> Subject<'p> {
    /// The subject of a package in an ecosystem.
    pub(super) fn of(package: &'p Package, ecosystem: EcosystemName) -> Self {
        let binary = (package.name.as_str(), plain(package.kind, &package.version));
        let source = if by_source(ecosystem) {
            (package.source_name(), package.source_version())
        } else {
            binary
        };
        Self { package, scheme: Scheme::of(ecosystem), is_os: package.kind.is_os(), source, binary }
    }
}

/// Go's advisories write versions without the `v` that its modules have.
fn plain(kind: PackageKind, version: &str) -> &str {
    match kind {
        PackageKind::Golang => version.strip_prefix('v').unwrap_or(version),
        _ => version,
    }
}

fn by_source(ecosystem: EcosystemName) -> bool {
    use EcosystemName as Name;
    matches!(
        ecosystem,
        Name::Debian
            | Name::Ubuntu
            | Name::Alpine
            | Name::Wolfi
            | Name::Chainguard
            | Name::MinimOs
            | Name::AzureLinux
            | Name::Mariner
            | Name::Photon
    )
}

/// The ecosystem of a language package; `None` for kinds that no feed speaks of.
pub(super) fn language_ecosystem(kind: PackageKind) -> Option<EcosystemName> {
    use EcosystemName as Name;
    Some(match kind {
        PackageKind::Npm => Name::Npm,
        PackageKind::Pypi => Name::PyPi,
        PackageKind::Golang => Name::Go,
        PackageKind::Cargo => Name::CratesIo,
        PackageKind::Maven => Name::Maven,
        PackageKind::Gem => Name::RubyGems,
        PackageKind::Composer => Name::Packagist,
        PackageKind::Nuget => Name::NuGet,
        PackageKind::Pub => Name::Pub,
        PackageKind::Hex => Name::Hex,
        PackageKind::Swift => Name::Swift,
        PackageKind::Cocoapods => Name::CocoaPods,
        PackageKind::Conan => Name::Conan,
        PackageKind::Cran => Name::Cran,
        PackageKind::Hackage => Name::Hackage,
        PackageKind::Julia => Name::Julia,
        PackageKind::Bitnami => Name::Bitnami,
        _ => return None,
    })
}

/// The ecosystems of a distribution's release among those that `known` has: one for most, one
/// for each repository of Red Hat and SUSE, Ubuntu's Pro beside its own.
pub(super) fn distribution_ecosystems<'k>(
    distro: &Distro,
    known: impl Iterator<Item = &'k str>,
) -> Vec<Ecosystem> {
    let Some(ecosystem) = &distro.ecosystem else { return Vec::new() };
    let mut all: Vec<Ecosystem> = known
        .filter_map(|text| text.parse::<Ecosystem>().ok())
        .filter(|other| other.name() == ecosystem.name() && is_of_release(other, ecosystem))
        .collect();
    all.sort();
    all.dedup();
    all
}

/// Whether `other`, as a feed writes it, is (a repository of) the release of `ours`.
fn is_of_release(other: &Ecosystem, ours: &Ecosystem) -> bool {
    let (other_release, release) = (other.release().unwrap_or(""), ours.release().unwrap_or(""));
    if other_release == release {
        return true;
    }
    match ours.name() {
        // `enterprise_linux:9::appstream`
        EcosystemName::RedHat => other_release
            .strip_prefix("enterprise_linux:")
            .and_then(|rest| rest.strip_prefix(release))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(':')),
        // `Linux Enterprise Server 15 SP5`, `Linux Enterprise Module for Basesystem 15 SP5`
        EcosystemName::Suse => {
            let number = |release: &str| {
                let start = release.find(|letter: char| letter.is_ascii_digit());
                start.and_then(|start| release.get(start..)).map(str::to_owned)
            };
            number(release).is_some() && number(other_release) == number(release)
        }
        EcosystemName::Ubuntu => {
            // A release is written with and without the mark of its long-term support.
            let plain = |release: &str| release.trim_end_matches(":LTS").to_owned();
            plain(other_release) == plain(release)
                || other_release.strip_prefix("Pro:").is_some_and(|r| plain(r) == plain(release))
        }
        _ => false,
    }
}

/// Whether only subscribers get the fixes of this ecosystem.
pub(super) fn is_for_subscribers(ecosystem: &Ecosystem) -> bool {
    ecosystem.name() == EcosystemName::Ubuntu
        && ecosystem.release().is_some_and(|release| release.starts_with("Pro:"))
}

#[cfg(test)]
mod tests {
    use plimsoll_model::SourcePackage;

    use super::*;

    fn distro(ecosystem: &str) -> Distro {
        Distro { ecosystem: Some(ecosystem.parse().unwrap()), ..Distro::default() }
    }

    fn found(ecosystem: &str, known: &[&str]) -> Vec<String> {
        distribution_ecosystems(&distro(ecosystem), known.iter().copied())
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn debian_goes_by_source_and_rpm_by_what_was_built() {
        let mut package = Package::new(PackageKind::Deb, "libssl3", "3.0.15-1~deb12u1");
        package.source = Some(SourcePackage { name: "openssl".into(), version: "3.0.15-1".into() });
        let subject = Subject::of(&package, EcosystemName::Debian);
        assert_eq!(subject.source, ("openssl", "3.0.15-1"));
        assert_eq!(subject.binary, ("libssl3", "3.0.15-1~deb12u1"));
        package.kind = PackageKind::Rpm;
        assert_eq!(Subject::of(&package, EcosystemName::AlmaLinux).source.0, "libssl3");
    }

    #[test]
    fn a_go_version_loses_its_v() {
        let package = Package::new(PackageKind::Golang, "golang.org/x/net", "v0.1.0");
        assert_eq!(Subject::of(&package, EcosystemName::Go).source.1, "0.1.0");
    }

    #[test]
    fn a_release_has_the_ecosystems_that_the_data_knows() {
        let known = ["Debian:11", "Debian:12", "Red Hat:enterprise_linux:9::baseos"];
        assert_eq!(found("Debian:12", &known), ["Debian:12"]);
        assert_eq!(found("Red Hat:9", &known), ["Red Hat:enterprise_linux:9::baseos"]);
        assert!(found("Red Hat:90", &known).is_empty());
        assert!(found("Debian:13", &known).is_empty());
    }

    #[test]
    fn suse_has_one_ecosystem_a_module_and_ubuntu_one_for_subscribers() {
        let suse = [
            "SUSE:Linux Enterprise Server 15 SP5",
            "SUSE:Linux Enterprise Module for Basesystem 15 SP5",
            "SUSE:Linux Enterprise Server 15 SP4",
        ];
        assert_eq!(found("SUSE:Linux Enterprise Server 15 SP5", &suse).len(), 2);
        let ubuntu = ["Ubuntu:24.04:LTS", "Ubuntu:Pro:24.04:LTS", "Ubuntu:22.04:LTS"];
        assert_eq!(
            found("Ubuntu:24.04:LTS", &ubuntu),
            ["Ubuntu:24.04:LTS", "Ubuntu:Pro:24.04:LTS"]
        );
        assert!(is_for_subscribers(&"Ubuntu:Pro:24.04:LTS".parse().unwrap()));
    }
}

//! The order of versions, one file per scheme, and ranges over it.
//!
//! There is no order of versions as such: `1.0-1` is newer than `1.0` for dpkg, older for npm,
//! and the same for Bitnami. Every scheme here follows the tool that its ecosystem uses, and
//! compares numbers as strings of digits, so that none of them can overflow.
//!
//! A new scheme is one file and one line in [`Scheme`]'s three tables.

mod apk;
mod bitnami;
mod constraint;
mod cran;
mod digits;
mod dpkg;
mod events;
mod gem;
mod go;
mod maven;
mod npm;
mod nuget;
mod packagist;
mod pep440;
mod pep440_specifier;
mod portage;
mod pubspec;
mod range;
mod rpm;
mod semver;

use std::cmp::Ordering;

use plimsoll_model::EcosystemName;

pub use events::{Evaluation, EventRef, evaluate};
pub use npm::Prereleases;
pub use range::{RangeVerdict, affected, listed};
pub use rpm::compare_nevra;

/// How the versions of an ecosystem are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Scheme {
    /// Alpine, Wolfi, Chainguard: <https://man.archlinux.org/man/apk-package.5.en>.
    Apk,
    /// Bitnami: `SemVer` with a revision of the packaging, which does not count.
    Bitnami,
    /// R: numbers, split at `.` and `-`.
    Cran,
    /// Debian and Ubuntu: <https://www.debian.org/doc/debian-policy/ch-controlfields.html#version>.
    Dpkg,
    /// Ruby: <https://docs.ruby-lang.org/en/master/Gem/Version.html>.
    Gem,
    /// Go modules: <https://go.dev/ref/mod#versions>.
    Go,
    /// Haskell: <https://pvp.haskell.org>.
    Hackage,
    /// Java: <https://maven.apache.org/pom.html#version-order-specification>.
    Maven,
    /// JavaScript: <https://github.com/npm/node-semver>.
    Npm,
    /// .NET: <https://learn.microsoft.com/nuget/concepts/package-versioning>.
    Nuget,
    /// PHP: <https://www.php.net/version_compare>.
    Packagist,
    /// Python: <https://packaging.python.org/specifications/version-specifiers/>.
    Pep440,
    /// Gentoo: <https://projects.gentoo.org/pms/8/pms.html#x1-260003.3>.
    Portage,
    /// Dart: <https://dart.dev/tools/pub/versioning>.
    Pub,
    /// Red Hat, SUSE and their like: <https://rpm.org/documentation>, `rpmvercmp`.
    Rpm,
    /// `SemVer` 2.0: <https://semver.org>.
    Semver,
    /// `SemVer` with any number of parts and marks such as `1.21rc2`.
    SemverLenient,
}

impl Scheme {
    /// Every scheme.
    pub const ALL: &'static [Self] = &[
        Self::Apk,
        Self::Bitnami,
        Self::Cran,
        Self::Dpkg,
        Self::Gem,
        Self::Go,
        Self::Hackage,
        Self::Maven,
        Self::Npm,
        Self::Nuget,
        Self::Packagist,
        Self::Pep440,
        Self::Portage,
        Self::Pub,
        Self::Rpm,
        Self::Semver,
        Self::SemverLenient,
    ];

    /// The scheme of an ecosystem.
    pub fn of(ecosystem: EcosystemName) -> Self {
        use EcosystemName as Name;
        match ecosystem {
            Name::Alpine | Name::Chainguard | Name::MinimOs | Name::Wolfi => Self::Apk,
            Name::AlmaLinux
            | Name::Amazon
            | Name::AzureLinux
            | Name::Mariner
            | Name::OpenEuler
            | Name::OpenSuse
            | Name::Oracle
            | Name::Photon
            | Name::RedHat
            | Name::Rocky
            | Name::Suse => Self::Rpm,
            Name::Bitnami => Self::Bitnami,
            Name::Cran => Self::Cran,
            Name::Debian | Name::Ubuntu => Self::Dpkg,
            // CocoaPods took its version class from RubyGems.
            Name::RubyGems | Name::CocoaPods => Self::Gem,
            Name::Go => Self::Go,
            Name::Hackage => Self::Hackage,
            Name::Maven => Self::Maven,
            Name::Npm => Self::Npm,
            Name::NuGet => Self::Nuget,
            Name::Packagist => Self::Packagist,
            Name::PyPi => Self::Pep440,
            Name::Pub => Self::Pub,
            Name::CratesIo | Name::Hex | Name::Julia => Self::Semver,
            _ => Self::SemverLenient,
        }
    }

    /// Which of two versions is the newer one.
    ///
    /// ```
    /// use std::cmp::Ordering;
    /// use plimsoll_advisory::versions::Scheme;
    /// assert_eq!(Scheme::Dpkg.compare("1.0~rc1-1", "1.0-1")?, Ordering::Less);
    /// assert_eq!(Scheme::Rpm.compare("1:1.0-1", "2.0-1")?, Ordering::Greater);
    /// # Ok::<(), plimsoll_advisory::versions::VersionError>(())
    /// ```
    pub fn compare(self, a: &str, b: &str) -> Result<Ordering, VersionError> {
        match self {
            Self::Apk => self.parsed(a, b, apk::parse, apk::compare),
            Self::Bitnami => self.parsed(a, b, bitnami::parse, bitnami::compare),
            Self::Cran => self.parsed(a, b, cran::parse, cran::compare),
            Self::Dpkg => self.parsed(a, b, dpkg::parse, dpkg::compare),
            Self::Gem => self.parsed(a, b, gem::parse, gem::compare),
            Self::Go => self.parsed(a, b, go::parse, go::compare),
            Self::Hackage => self.parsed(a, b, cran::parse_hackage, cran::compare),
            Self::Maven => self.parsed(a, b, maven::parse, maven::compare),
            Self::Npm | Self::Semver => self.parsed(a, b, semver::parse, semver::compare),
            Self::Nuget => self.parsed(a, b, nuget::parse, nuget::compare),
            Self::Packagist => self.parsed(a, b, packagist::parse, packagist::compare),
            Self::Pep440 => self.parsed(a, b, pep440::parse, pep440::compare),
            Self::Portage => self.parsed(a, b, portage::parse, portage::compare),
            Self::Pub => self.parsed(a, b, pubspec::parse, pubspec::compare),
            Self::Rpm => self.parsed(a, b, rpm::parse, rpm::compare),
            Self::SemverLenient => self.parsed(a, b, semver::parse_lenient, semver::compare),
        }
    }

    /// Whether a version fulfils a constraint in the syntax of the ecosystem or of an advisory:
    /// `>=1.0, <2 || =3`, `^1.2`, `[1.0,2.0)`, `~> 1.2`; an empty one holds for everything.
    ///
    /// For npm a pre-release counts only where the constraint names one of the same version, as
    /// npm itself does it; [`Scheme::satisfies_with`] leaves the choice.
    ///
    /// For rpm an epoch counts only where both sides state one, because feeds with constraints
    /// leave it out; ranges of events and [`Scheme::compare`] take a missing epoch for 0.
    pub fn satisfies(self, version: &str, constraint: &str) -> Result<bool, VersionError> {
        self.satisfies_with(version, constraint, Prereleases::WhereNamed)
    }

    /// Like [`Scheme::satisfies`], with a choice about npm's pre-releases.
    pub fn satisfies_with(
        self,
        version: &str,
        constraint: &str,
        prereleases: Prereleases,
    ) -> Result<bool, VersionError> {
        self.short(version)?;
        match self {
            Self::Npm => npm::satisfies(version, constraint, prereleases),
            Self::Pep440 => pep440_specifier::satisfies(version, constraint),
            _ => constraint::satisfies(self, version, constraint),
        }
    }

    /// Whether the ecosystem's own tool would accept the version.
    pub fn is_valid(self, version: &str) -> bool {
        match self {
            Self::Apk => apk::is_valid(version),
            Self::Bitnami => bitnami::parse(version).is_ok(),
            Self::Cran => cran::parse(version).is_ok(),
            Self::Dpkg => dpkg::is_valid(version),
            Self::Gem => gem::is_valid(version),
            Self::Go => go::is_valid(version),
            Self::Hackage => cran::parse_hackage(version).is_ok(),
            Self::Maven => maven::parse(version).is_ok(),
            Self::Npm | Self::Semver | Self::Pub => semver::is_valid(version),
            Self::Nuget => nuget::parse(version).is_ok(),
            Self::Packagist => packagist::parse(version).is_ok(),
            Self::Pep440 => pep440::is_valid(version),
            Self::Portage => portage::is_valid(version),
            Self::Rpm => rpm::parse(version).is_ok(),
            Self::SemverLenient => semver::parse_lenient(version).is_ok(),
        }
    }

    /// The scheme's name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Apk => "apk",
            Self::Bitnami => "Bitnami",
            Self::Cran => "R",
            Self::Dpkg => "dpkg",
            Self::Gem => "RubyGems",
            Self::Go => "Go modules",
            Self::Hackage => "Hackage",
            Self::Maven => "Maven",
            Self::Npm => "npm",
            Self::Nuget => "NuGet",
            Self::Packagist => "Composer",
            Self::Pep440 => "PEP 440",
            Self::Portage => "Portage",
            Self::Pub => "Dart",
            Self::Rpm => "rpm",
            Self::Semver | Self::SemverLenient => "SemVer",
        }
    }

    fn parsed<'v, V>(
        self,
        a: &'v str,
        b: &'v str,
        parse: impl Fn(&'v str) -> Result<V, Why>,
        compare: impl Fn(&V, &V) -> Ordering,
    ) -> Result<Ordering, VersionError> {
        let a = parse(a).map_err(|why| self.error(a, why))?;
        let b = parse(b).map_err(|why| self.error(b, why))?;
        Ok(compare(&a, &b))
    }

    /// Refuses what is too long to be compared again and again.
    fn short(self, version: &str) -> Result<(), VersionError> {
        if version.len() > LONGEST { Err(self.error(version, "it is too long")) } else { Ok(()) }
    }

    fn error(self, version: &str, why: Why) -> VersionError {
        /// Enough to know it by; a hostile version may be megabytes long.
        const SHOWN: usize = 200;
        VersionError { version: version.chars().take(SHOWN).collect(), scheme: self, why }
    }
}

/// Bytes of the longest version that is looked for in ranges and constraints. Comparing two is
/// linear in their length, but an advisory can have thousands of bounds.
const LONGEST: usize = 4096;

/// What is wrong with a version, in a few words.
type Why = &'static str;

/// A version or constraint that its scheme cannot make sense of, so that nothing can be decided.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{version}` is no version for {}: {why}", scheme.name())]
pub struct VersionError {
    /// As written, cut after 200 characters.
    pub version: String,
    /// The scheme that could not read it.
    pub scheme: Scheme,
    /// What is wrong with it.
    pub why: &'static str,
}

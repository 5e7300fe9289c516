//! Where a package comes from, as advisories name it: `Debian:12`, `PyPI`, `Alpine:v3.20`.
//!
//! Source: <https://ossf.github.io/osv-schema/#defined-ecosystems>, and for the distributions
//! which OSV does not list the names of their vendors.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! names {
    ($($(#[$doc:meta])* $variant:ident = $text:literal),* $(,)?) => {
        /// The name in front of the colon.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum EcosystemName { $($(#[$doc])* $variant),* }

        impl EcosystemName {
            /// Every name known.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// As OSV writes it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }
    };
}

names! {
    /// AlmaLinux, by major release.
    AlmaLinux = "AlmaLinux",
    /// Alpine, by branch (`v3.20`, `edge`).
    Alpine = "Alpine",
    /// Amazon Linux (`1`, `2`, `2022`, `2023`).
    Amazon = "Amazon Linux",
    /// Azure Linux, formerly CBL-Mariner.
    AzureLinux = "Azure Linux",
    /// Bitnami's applications.
    Bitnami = "Bitnami",
    /// Chainguard images.
    Chainguard = "Chainguard",
    /// `CocoaPods`.
    CocoaPods = "CocoaPods",
    /// Conan, for C and C++.
    Conan = "ConanCenter",
    /// R's archive.
    Cran = "CRAN",
    /// Rust.
    CratesIo = "crates.io",
    /// Debian, by release number.
    Debian = "Debian",
    /// Go modules, and `stdlib`.
    Go = "Go",
    /// Haskell.
    Hackage = "Hackage",
    /// Erlang and Elixir.
    Hex = "Hex",
    /// Julia.
    Julia = "Julia",
    /// Java, as `group:artifact`.
    Maven = "Maven",
    /// CBL-Mariner.
    Mariner = "CBL-Mariner",
    /// Minimal OS of Minimus.
    MinimOs = "MinimOS",
    /// JavaScript.
    Npm = "npm",
    /// .NET.
    NuGet = "NuGet",
    /// openEuler.
    OpenEuler = "openEuler",
    /// openSUSE.
    OpenSuse = "openSUSE",
    /// Oracle Linux.
    Oracle = "Oracle Linux",
    /// PHP.
    Packagist = "Packagist",
    /// Photon OS.
    Photon = "Photon OS",
    /// Dart.
    Pub = "Pub",
    /// Python.
    PyPi = "PyPI",
    /// Red Hat Enterprise Linux, by major release or CPE.
    RedHat = "Red Hat",
    /// Rocky Linux.
    Rocky = "Rocky Linux",
    /// Ruby.
    RubyGems = "RubyGems",
    /// SUSE Linux Enterprise.
    Suse = "SUSE",
    /// Swift packages.
    Swift = "SwiftURL",
    /// Ubuntu, `24.04:LTS`, `Pro:24.04:LTS`.
    Ubuntu = "Ubuntu",
    /// Wolfi, rolling.
    Wolfi = "Wolfi",
}

/// An ecosystem and, for distributions, the release in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Ecosystem {
    name: EcosystemName,
    release: Option<String>,
}

impl Ecosystem {
    /// An ecosystem without releases, or one whose release is not known.
    pub fn new(name: EcosystemName) -> Self {
        Self { name, release: None }
    }

    /// A release of a distribution, in OSV's writing (`v3.20`, `12`, `24.04:LTS`).
    pub fn with_release(name: EcosystemName, release: impl Into<String>) -> Self {
        Self { name, release: Some(release.into()) }
    }

    /// The name.
    pub fn name(&self) -> EcosystemName {
        self.name
    }

    /// What stands behind the first colon.
    pub fn release(&self) -> Option<&str> {
        self.release.as_deref()
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.release {
            Some(release) => write!(f, "{}:{release}", self.name.as_str()),
            None => f.write_str(self.name.as_str()),
        }
    }
}

impl FromStr for Ecosystem {
    type Err = EcosystemError;

    fn from_str(text: &str) -> Result<Self, EcosystemError> {
        let (name, release) = match text.split_once(':') {
            Some((name, release)) => (name, Some(release.to_owned())),
            None => (text, None),
        };
        let known = EcosystemName::ALL.iter().find(|n| n.as_str() == name);
        known.map(|&name| Self { name, release }).ok_or_else(|| EcosystemError(text.into()))
    }
}

impl TryFrom<String> for Ecosystem {
    type Error = EcosystemError;

    fn try_from(text: String) -> Result<Self, EcosystemError> {
        text.parse()
    }
}

impl From<Ecosystem> for String {
    fn from(ecosystem: Ecosystem) -> Self {
        ecosystem.to_string()
    }
}

/// An ecosystem that Plimsoll has no order of versions for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown ecosystem `{0}`")]
pub struct EcosystemError(pub String);

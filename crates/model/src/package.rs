//! One installed or declared package and the evidence for it.

use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $text:literal),* $(,)?) => {
        /// Which package manager's package it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        #[non_exhaustive]
        pub enum PackageKind { $($(#[$doc])* $variant),* }

        impl PackageKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The type in a package URL (`pkg:TYPE/…`).
            ///
            /// Source: <https://github.com/package-url/purl-spec/blob/main/PURL-TYPES.rst>.
            pub fn purl_type(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }
    };
}

kinds! {
    /// Debian and its children.
    Deb = "deb",
    /// Alpine, Wolfi.
    Apk = "apk",
    /// Red Hat, SUSE, Amazon and their like.
    Rpm = "rpm",
    /// Arch Linux.
    Alpm = "alpm",
    /// Gentoo.
    Ebuild = "ebuild",
    /// JavaScript.
    Npm = "npm",
    /// Python.
    Pypi = "pypi",
    /// A Go module, or `stdlib`.
    Golang = "golang",
    /// A Rust crate.
    Cargo = "cargo",
    /// Java, named `group:artifact`.
    Maven = "maven",
    /// Ruby.
    Gem = "gem",
    /// PHP, named `vendor/package`.
    Composer = "composer",
    /// .NET.
    Nuget = "nuget",
    /// Dart.
    Pub = "pub",
    /// Erlang and Elixir.
    Hex = "hex",
    /// Swift.
    Swift = "swift",
    /// `CocoaPods`.
    Cocoapods = "cocoapods",
    /// C and C++ by Conan.
    Conan = "conan",
    /// Conda.
    Conda = "conda",
    /// R.
    Cran = "cran",
    /// Haskell.
    Hackage = "hackage",
    /// Julia.
    Julia = "julia",
    /// `OCaml`.
    Opam = "opam",
    /// Bitnami's applications.
    Bitnami = "bitnami",
    /// A GitHub Action or repository.
    Github = "github",
    /// A program without a package manager.
    Generic = "generic",
}

impl PackageKind {
    /// Whether an operating system's package manager installed it.
    pub fn is_os(self) -> bool {
        matches!(self, Self::Deb | Self::Apk | Self::Rpm | Self::Alpm | Self::Ebuild)
    }
}

/// A package with everything that matching or reporting needs.
///
/// `name` and `version` are written as the ecosystem's own tools write them: Maven
/// `group:artifact`, npm `@scope/name`, dpkg and rpm versions with their epoch (`1:2.3-4`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Package manager.
    pub kind: PackageKind,
    /// The ecosystem's name for it.
    pub name: String,
    /// The whole version; empty where the evidence states none.
    pub version: String,
    /// Machine architecture, where the package manager keeps it.
    pub arch: Option<String>,
    /// The source package that it was built from, where it differs or is stated.
    pub source: Option<SourcePackage>,
    /// rpm's modularity label, `name:stream:version:context`.
    pub module: Option<String>,
    /// Declared licences, as written.
    pub licenses: Vec<String>,
    /// Vendor, maintainer or packager.
    pub supplier: Option<String>,
    /// Names (of the same kind) of packages that it needs.
    pub depends_on: Vec<String>,
    /// Whether it is there for running or for building only.
    pub scope: Scope,
    /// Only asked for (by a lock file, a manifest), with nothing that shows it installed.
    #[serde(default)]
    pub declared: bool,
    /// Where it was found; the first is the best evidence.
    pub locations: Vec<Location>,
    /// Name of the operating system's package whose file this is.
    pub owner: Option<String>,
    /// Layer in which it was deleted again; such a package is in no running container.
    pub removed_in: Option<u32>,
    /// Name of the cataloguer that read it.
    pub cataloguer: String,
    /// Digests of the package as its metadata states them.
    pub hashes: Vec<Hash>,
    /// What the evidence leaves open or contradicts, in words.
    pub notes: Vec<String>,
}

impl Package {
    /// A package of which only name and version are known.
    pub fn new(kind: PackageKind, name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.into(),
            version: version.into(),
            arch: None,
            source: None,
            module: None,
            licenses: Vec::new(),
            supplier: None,
            depends_on: Vec::new(),
            scope: Scope::Runtime,
            declared: false,
            locations: Vec::new(),
            owner: None,
            removed_in: None,
            cataloguer: String::new(),
            hashes: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The name that advisories use where they go by source package.
    pub fn source_name(&self) -> &str {
        self.source.as_ref().map_or(&self.name, |s| &s.name)
    }

    /// The source package's version, which can differ from the binary's.
    pub fn source_version(&self) -> &str {
        self.source.as_ref().map_or(&self.version, |s| &s.version)
    }
}

/// The source package behind a binary one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SourcePackage {
    /// Its name.
    pub name: String,
    /// Its version, with epoch.
    pub version: String,
}

/// What a package is there for.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Needed, or not known to be otherwise.
    #[default]
    Runtime,
    /// For development, tests or the build.
    Development,
    /// May be absent.
    Optional,
}

/// A place in the image.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Location {
    /// Path from the root, without a leading slash; nested archives behind `!/`
    /// (`app/app.war!/WEB-INF/lib/a.jar`).
    pub path: String,
    /// Index into [`crate::Inventory::layers`]; `None` for folders.
    pub layer: Option<u32>,
    /// Line in a text file, from 1.
    pub line: Option<u32>,
}

/// A digest that metadata states, in whatever algorithm it uses.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Hash {
    /// `md5`, `sha1`, `sha256`, `sha512`.
    pub algorithm: String,
    /// Lower-case hexadecimal.
    pub hex: String,
}

//! What an image holds: its layers, its distribution, its packages, and what could not be read.

use serde::{Deserialize, Serialize};

use crate::{Digest, Distro, Listing, Package, Platform, Survey, Timestamp};

/// The catalogue of one image, folder or SBOM.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// What was read.
    pub artifact: Artifact,
    /// Bottom first; empty for a folder.
    pub layers: Vec<Layer>,
    /// The distribution, where there is one.
    pub distro: Option<Distro>,
    /// Sorted by kind, name, version and first location; those deleted by a later layer included.
    pub packages: Vec<Package>,
    /// What was passed over, cut short or damaged.
    pub problems: Vec<Problem>,
    /// What else it holds, where that was asked for.
    #[serde(skip)]
    pub survey: Option<Survey>,
    /// Which files it has, where that was asked for.
    #[serde(skip)]
    pub listing: Option<Listing>,
    /// Which files belong to which packages, a layer each, bottom first.
    #[serde(skip)]
    pub owned: Vec<OwnedFiles>,
}

/// Files of packages by the hash of their paths, as the lists in one layer have them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnedFiles {
    /// Names of packages.
    pub packages: Vec<String>,
    /// (Hash of a path, index of its package).
    pub paths: Vec<(u64, u32)>,
}

impl Inventory {
    /// Whether something that should have been read could not be: the result is partial.
    pub fn is_partial(&self) -> bool {
        self.problems.iter().any(|p| p.kind == ProblemKind::Partial)
    }

    /// The packages that a running container has.
    pub fn present(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|p| p.removed_in.is_none())
    }
}

/// Names and digests of the thing that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// As the user typed it.
    pub reference: String,
    /// Which source answered: `docker`, `registry`, `oci-dir`, `rootfs` …
    pub source: String,
    /// Digest of the manifest, where there is one.
    pub manifest_digest: Option<Digest>,
    /// Digest of the configuration: Docker's image id.
    pub config_digest: Option<Digest>,
    /// Tags and names that the image is known by.
    pub names: Vec<String>,
    /// Operating system and architecture.
    pub platform: Option<Platform>,
    /// When the image was built.
    pub created: Option<Timestamp>,
    /// `USER` of the configuration; empty is root.
    pub user: String,
    /// `ENTRYPOINT` and `CMD`, one after the other.
    pub command: Vec<String>,
    /// `ENV`, as `NAME=value`.
    pub env: Vec<String>,
    /// `LABEL`s.
    pub labels: Vec<(String, String)>,
    /// Sum of the layers' sizes as stored, in bytes.
    pub size: u64,
}

/// One layer of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// Digest of the layer as stored (compressed), where known.
    pub digest: Option<Digest>,
    /// Digest of the uncompressed tar, as the configuration states it.
    pub diff_id: Option<Digest>,
    /// `created_by` of the build history: the Dockerfile's instruction.
    pub created_by: String,
    /// Bytes as stored.
    pub size: u64,
    /// Media type, empty where the source states none.
    pub media_type: String,
}

/// Something that was not read as it should have been.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    /// What it means for the result.
    pub kind: ProblemKind,
    /// Path in the image, empty where it is about the whole.
    pub path: String,
    /// Layer index.
    pub layer: Option<u32>,
    /// Line in the file.
    pub line: Option<u32>,
    /// What was wrong.
    pub message: String,
}

/// What a problem means for the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProblemKind {
    /// Packages may be missing: the command exits 3.
    Partial,
    /// An entry was odd and passed over; the rest of the file was read.
    Skipped,
    /// Worth knowing; nothing is missing.
    Note,
}

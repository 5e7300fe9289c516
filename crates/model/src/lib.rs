//! The vocabulary of Plimsoll: what every other crate speaks of, and nothing that acts.
//!
//! Values enter as text that somebody else wrote (a reference, a digest, a package URL, a
//! severity) and leave as types which cannot be built wrong; packages, advisories, findings and
//! the inventory are plain data. There is no I/O here, no clock and no thread.
//!
//! The line through the workspace is: reference → image → inventory → advisories → findings →
//! verdict → report.
//!
//! ```
//! use plimsoll_model::{Digest, Ecosystem};
//!
//! let digest: Digest = format!("sha256:{}", "0".repeat(64)).parse()?;
//! assert_eq!(digest.algorithm().name(), "sha256");
//! let debian: Ecosystem = "Debian:12".parse()?;
//! assert_eq!(debian.release(), Some("12"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod advisory;
mod digest;
mod distro;
mod ecosystem;
mod finding;
pub mod gate;
mod interpreted;
mod inventory;
mod listing;
mod loaded;
mod lock_files;
mod package;
mod purl;
mod reference;
mod scan;
mod severity;
mod survey;
pub mod syft;
pub mod text;
mod timestamp;
pub mod update;
mod verdict;

pub use advisory::{
    Advisory, Affected, AffectedStatus, Event, Link, LinkKind, Range, RangeKind, Rating, RatingKind,
};
pub use digest::{Algorithm, Digest, DigestError};
pub use distro::Distro;
pub use ecosystem::{Ecosystem, EcosystemError, EcosystemName};
pub use finding::{AdvisoryRef, Epss, EvidenceStep, Finding, FixState, Kev, PackageMatch};
pub use interpreted::{is_interpreted, is_library, is_module};
pub use inventory::{Artifact, Inventory, Layer, OwnedFiles, Problem, ProblemKind};
pub use listing::{FileKind, LayerFiles, ListedFile, Listing};
pub use loaded::{How, Loaded, Window};
pub use lock_files::{copies, lock_file};
pub use package::{Hash, Location, Package, PackageKind, Scope, SourcePackage};
pub use purl::{Purl, PurlError};
pub use reference::{ImageName, Platform, Reference, ReferenceError, Transport};
pub use scan::{AdvisoryData, FeedStatus, Scan, Undecided};
pub use severity::Severity;
pub use survey::{Content, RunConfig, Survey};
pub use timestamp::{Timestamp, TimestampError};
pub use verdict::{GateReason, Verdict};

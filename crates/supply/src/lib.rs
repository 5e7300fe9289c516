//! Software bills of materials: an inventory enters, a document in one of the known formats
//! leaves.
//!
//! A document depends on nothing but the inventory and its time: that of `SOURCE_DATE_EPOCH`
//! where it is set, else the image's, else, for a folder, the present. Its serial number is a
//! UUID of the content, so the same image gives the same bytes.
//!
//! ```
//! use plimsoll_model::Inventory;
//! use plimsoll_supply::Format;
//!
//! let format = Format::named("cyclonedx-json").ok_or("unknown")?;
//! let mut document = Vec::new();
//! (format.write)(&Inventory::default(), &mut document)?;
//! assert!(document.starts_with(b"{"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

pub mod artefact;
mod ber;
mod bill;
pub mod bundle;
pub mod certificate;
mod cms;
pub mod containers_policy;
pub mod content_trust;
pub mod cosign;
mod der;
pub mod document;
pub mod dsse;
mod edges;
pub mod error;
pub mod evidence;
pub mod formats;
pub mod git;
pub mod github;
pub mod hash;
pub mod image_policy;
pub mod intoto;
mod json;
pub mod key;
mod licence;
pub mod log;
mod moment;
pub mod notation;
pub mod npm;
pub mod openpgp;
pub mod predicate_policy;
pub mod provenance;
pub mod pypi;
pub mod quorum;
pub mod scan_claim;
pub mod sct;
pub mod sign;
pub mod ssh;
pub mod timestamp;
pub mod trust;
pub mod tuf;
pub mod verify;

pub use error::Error;
pub use formats::Format;
pub use json::Bytes;

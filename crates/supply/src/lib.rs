//! Software bills of materials: an inventory enters, a document in one of the known formats
//! leaves.
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

pub mod formats;

pub use formats::Format;

//! Reports: one scan enters, a document in one of the known formats leaves.
//!
//! Names, paths and texts of a scan come from images and feeds, so nobody vouches for them: what
//! goes to a terminal has no control characters left, what goes into Markdown is escaped.
//!
//! ```
//! use plimsoll_model::Scan;
//! use plimsoll_report::{Format, Style};
//!
//! let format = Format::named("table").ok_or("unknown")?;
//! let mut report = Vec::new();
//! (format.write)(&Scan::default(), &Style::default(), &mut report)?;
//! assert!(String::from_utf8(report)?.contains("No packages were recognised"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod application;
pub mod base;
mod bounded;
pub mod cis;
pub mod cluster;
pub mod compliance;
pub mod effective;
pub mod escalation;
mod escape;
pub mod formats;
pub mod gate;
pub mod instruction;
pub mod lateral;
pub mod lint;
mod loaded;
pub mod picture;
pub mod reach;
pub mod resources;
pub mod rollout;
mod style;
mod tally;
pub mod text;
pub mod update;
pub mod updates;

pub use application::Application;
pub use formats::Format;
pub use style::Style;

//! Advisories and how they apply to packages.
//!
//! Feeds in their publishers' formats enter ([`feeds`]), are compiled into one file that is
//! mapped into memory ([`database`]), and leave as findings on the packages of an inventory
//! ([`matching`]): by the order of versions of each ecosystem ([`versions`]). Images, layers and
//! reports are none of its business.
//!
//! ```
//! use plimsoll_advisory::database::Database;
//! use plimsoll_advisory::matching::{Declared, match_inventory};
//! use plimsoll_model::{Inventory, Package, PackageKind};
//!
//! let database = Database::starter()?;
//! let inventory = Inventory {
//!     packages: vec![Package::new(PackageKind::Npm, "lodash", "4.17.4")],
//!     ..Inventory::default()
//! };
//! let matches = match_inventory(&inventory, &database, Declared::Counts)?;
//! assert!(matches.findings.iter().any(|finding| finding.id == "CVE-2019-10744"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod database;
pub mod feeds;
pub mod matching;
pub mod versions;

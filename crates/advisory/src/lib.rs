//! Advisories and how they apply to packages.
//!
//! Feeds in their publishers' formats enter ([`feeds`]), are compiled into one file that is
//! mapped into memory ([`database`]), and leave as findings on the packages of an inventory
//! ([`matching`]): by the order of versions of each ecosystem ([`versions`]). Images, layers and
//! reports are none of its business.

pub mod database;
pub mod feeds;

//! The gate: what judges found, and what a project decided about it, become one decision.
//!
//! A judge describes itself by a [`Page`]: its rules and its settings, as data. A [`Policy`] is the
//! table `[gate]` of a `plimsoll.toml`, read against the pages of all judges, so that a judge which is
//! added brings its settings, its errors and its documentation with it. Judges are not here: they read
//! files and ask registries.

mod decide;
mod exception;
mod page;
mod read;
mod reading;
mod schema;
mod wildcard;

pub use decide::{Answers, decide};
pub use exception::ExceptionRule;
pub use page::{Key, Kind, Page, Preset, Value};
pub use read::{Policy, PolicyError, Settings};
pub use schema::schema;

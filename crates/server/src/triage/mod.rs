//! What people decided about weaknesses, and how long findings may stay open.
//!
//! A decision is about a weakness in the whole estate, in all versions of a package, or in one
//! component; it may end by itself. Nothing is deleted: findings stay open, and are told apart.

mod as_of;
mod sla;
mod state;
mod vex;

pub use as_of::{AsOf, as_of};
pub use sla::Sla;
pub use state::{JUSTIFICATIONS, State};
pub use vex::{Format, export};

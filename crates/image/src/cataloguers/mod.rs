//! Every cataloguer there is, one file each.
//!
//! To add one: write its file, name its module here, and add it to [`ALL`].

use crate::cataloguer::Cataloguer;

/// The registry. Order is only that of reading; results are sorted.
pub const ALL: &[&dyn Cataloguer] = &[];

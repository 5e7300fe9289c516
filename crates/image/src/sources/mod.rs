//! Where images come from, one file each.

pub mod docker;
pub mod folder;
pub mod image;
pub mod layout;
pub mod named;
pub mod registry;
pub(crate) mod stream;

//! Where images come from, one file each.

pub mod folder;
pub mod image;
pub mod layout;
mod stream;

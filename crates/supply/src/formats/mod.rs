//! Every format there is, one file each.
//!
//! To add one: write its file, name its module here, and add it to [`Format::ALL`].

mod cyclonedx;
mod json;
mod spdx;
mod syft;
mod table;

use std::io::{self, Write};

use plimsoll_model::Inventory;

pub(crate) use json::SCHEMA as INVENTORY_SCHEMA;

/// A way to write an inventory.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// As `-o` takes it.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// Writes the whole document.
    pub write: fn(&Inventory, &mut dyn Write) -> io::Result<()>,
}

impl Format {
    /// The registry.
    pub const ALL: &'static [Self] =
        &[cyclonedx::FORMAT, json::FORMAT, spdx::FORMAT, syft::FORMAT, table::FORMAT];

    /// The format of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.name == name)
    }
}

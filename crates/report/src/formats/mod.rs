//! Every format there is, one file or folder each.
//!
//! To add one: write its file, name its module here, and add it to [`Format::ALL`].

mod gitlab;
pub mod grype;
mod json;
mod openvex;
mod sarif;
mod table;
pub mod trivy;

use std::io::{self, Write};

use plimsoll_model::Scan;

use crate::Style;

/// A way to write a scan.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// As `-o` takes it.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// Whether it has something to say only where it is known what was loaded.
    pub needs_loaded: bool,
    /// Writes the whole document.
    pub write: fn(&Scan, &Style, &mut dyn Write) -> io::Result<()>,
}

impl Format {
    /// The registry.
    pub const ALL: &'static [Self] = &[
        table::FORMAT,
        json::FORMAT,
        sarif::FORMAT,
        openvex::FORMAT,
        trivy::FORMAT,
        grype::FORMAT,
        gitlab::FORMAT,
    ];

    /// The format of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.name == name)
    }
}

//! How a cluster comes to the Pod Security Standards, in one of the known formats, one file each.
//!
//! To add one: write its file, name its module here, and add it to [`RolloutFormat::ALL`].

mod commands;
mod json;
mod table;

use std::io::{self, Write};

use plimsoll_kube::pss::Rollout;

use crate::Style;

/// A way to write it.
#[derive(Debug, Clone, Copy)]
pub struct RolloutFormat {
    /// As `-o` takes it.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// Writes the whole document.
    pub write: fn(&[Rollout], &Style, &mut dyn Write) -> io::Result<()>,
}

impl RolloutFormat {
    /// The registry.
    pub const ALL: &'static [Self] = &[table::FORMAT, json::FORMAT, commands::FORMAT];

    /// The format of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.name == name)
    }
}

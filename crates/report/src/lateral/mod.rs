//! What falls after a pod, in one of the known formats, one file each.
//!
//! To add one: write its file, name its module here, and add it to [`LateralFormat::ALL`].

mod json;
mod table;

use std::io::{self, Write};

use plimsoll_kube::lateral::{Exposed, Lateral};
use plimsoll_kube::netpol::Network;

use crate::style::Style;

/// What was found.
#[derive(Debug)]
pub struct Movement<'a> {
    /// The pods and who may reach whom.
    pub network: &'a Network<'a>,
    /// What leads to the pods that it begins with; nothing where they were named.
    pub exposed: &'a [Exposed],
    /// What falls.
    pub lateral: &'a Lateral,
}

/// A way to write it.
#[derive(Debug, Clone, Copy)]
pub struct LateralFormat {
    /// As `-o` takes it.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// Writes the whole document.
    pub write: fn(&Movement<'_>, &Style, &mut dyn Write) -> io::Result<()>,
}

impl LateralFormat {
    /// The registry.
    pub const ALL: &'static [Self] = &[table::FORMAT, json::FORMAT];

    /// The format of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.name == name)
    }
}

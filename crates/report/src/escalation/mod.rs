//! Who can come to the whole cluster and how, in one of the known formats, one file each.
//!
//! To add one: write its file, name its module here, and add it to [`EscalationFormat::ALL`].

mod json;
mod table;

use std::io::{self, Write};

use plimsoll_kube::rbac::{Access, Held, Path, Subject};

use crate::style::{Role, Style};
use crate::text;

/// The ways that were found.
#[derive(Debug)]
pub struct Escalations<'a> {
    /// All that is known of rights.
    pub access: &'a Access,
    /// The ways, in the order in which they are shown.
    pub paths: Vec<Path<'a>>,
    /// Whether all that was given could be read: else there may be more ways.
    pub is_whole: bool,
}

/// A way to write it.
#[derive(Debug, Clone, Copy)]
pub struct EscalationFormat {
    /// As `-o` takes it.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// Writes the whole document.
    pub write: fn(&Escalations<'_>, &Style, &mut dyn Write) -> io::Result<()>,
}

impl EscalationFormat {
    /// The registry.
    pub const ALL: &'static [Self] = &[table::FORMAT, json::FORMAT];

    /// The format of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.name == name)
    }
}

/// Writes who may do what was asked for, and what lets him.
pub fn line(
    subject: &Subject,
    held: Held<'_>,
    style: &Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Held { grant, binding } = held;
    let origin =
        format!("{} ({}) gives {} ({})", binding.name, binding.place, binding.role, grant.place);
    let origin = style.paint(Role::Faint, &text::one_line(&origin));
    writeln!(out, "{}  {origin}", text::one_line(&subject.to_string()))
}

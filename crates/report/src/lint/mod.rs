//! What a linter found, written in one of the known formats, one file each.
//!
//! To add one: write its file, name its module here, and add it to [`LintFormat::ALL`].

mod annotations;
mod checkstyle;
mod codacy;
mod codeclimate;
mod dockerfile;
mod json;
mod judged;
mod junit;
mod manifest;
mod sarif;
mod sonarqube;
mod syntax;
mod text;
mod tty;

use std::io::{self, Write};

use plimsoll_model::text::Level;

pub use self::judged::{Finding, Fix, Judged, Rule};
use crate::Style;

/// A way to write what was found.
#[derive(Debug, Clone, Copy)]
pub struct LintFormat {
    /// As `-f` takes it.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// Writes the whole document.
    pub write: fn(&[Judged<'_>], &Style, &mut dyn Write) -> io::Result<()>,
}

impl LintFormat {
    /// The registry.
    pub const ALL: &'static [Self] = &[
        tty::FORMAT,
        text::FORMAT,
        text::GNU,
        text::HADOLINT_GNU,
        json::FORMAT,
        sarif::FORMAT,
        annotations::FORMAT,
        checkstyle::FORMAT,
        codacy::FORMAT,
        codeclimate::FORMAT,
        codeclimate::GITLAB,
        sonarqube::FORMAT,
        junit::FORMAT,
        syntax::FORMAT,
    ];

    /// The format of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.name == name)
    }
}

/// The names of levels in formats that know error, warning and a third one only.
fn three_levels(level: Level, third: &'static str) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        _ => third,
    }
}

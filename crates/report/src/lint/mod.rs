//! What a linter found, written in one of the known formats, one file each.
//!
//! To add one: write its file, name its module here, and add it to [`LintFormat::ALL`].

mod annotations;
mod checkstyle;
mod codacy;
mod codeclimate;
mod json;
mod sarif;
mod sonarqube;
mod syntax;
mod text;
mod tty;

use std::io::{self, Write};

use plimsoll_build::syntax::Dockerfile;
use plimsoll_build::{Finding, Position};

use crate::Style;

/// A file and what was found in it.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'a> {
    /// As the user named it; `-` for stdin.
    pub path: &'a str,
    /// The file.
    pub file: &'a Dockerfile,
    /// What counts, sorted by place.
    pub findings: &'a [Finding],
}

impl Judged<'_> {
    /// The exact place of a finding: its first character and the one behind its last.
    fn place(&self, finding: &Finding) -> (Position, Position) {
        let source = &self.file.source;
        (source.position(finding.span.start), source.position(finding.span.end))
    }
}

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
        json::FORMAT,
        sarif::FORMAT,
        annotations::FORMAT,
        checkstyle::FORMAT,
        codacy::FORMAT,
        codeclimate::FORMAT,
        codeclimate::GITLAB,
        sonarqube::FORMAT,
        syntax::FORMAT,
    ];

    /// The format of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.name == name)
    }
}

/// The names of levels in formats that know error, warning and a third one only.
fn three_levels(level: plimsoll_build::Level, third: &'static str) -> &'static str {
    match level {
        plimsoll_build::Level::Error => "error",
        plimsoll_build::Level::Warning => "warning",
        _ => third,
    }
}

//! Base images side by side, and which of them to build upon.
//!
//! To add a format: write its file, name its module here, and add it to [`BaseFormat::ALL`].

mod json;
mod table;

use std::io::{self, Write};

use plimsoll_build::advice::{Advice, Candidate};
use plimsoll_model::Timestamp;

use crate::Style;

/// The current base, what could stand in its place, and the advice.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The one that is built upon now.
    pub current: Candidate,
    /// Others; the advice names them by their place.
    pub candidates: Vec<Candidate>,
    /// Their ranking.
    pub advice: Advice,
    /// The day on which it is said.
    pub today: Timestamp,
}

/// A way to write a comparison.
#[derive(Debug, Clone, Copy)]
pub struct BaseFormat {
    /// As `-f` takes it.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// Writes the whole document.
    pub write: fn(&[Comparison], &Style, &mut dyn Write) -> io::Result<()>,
}

impl BaseFormat {
    /// The registry.
    pub const ALL: &'static [Self] = &[table::FORMAT, json::FORMAT];

    /// The format of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|format| format.name == name).copied()
    }
}

#[cfg(test)]
mod tests;

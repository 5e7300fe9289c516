//! How a standard came out, in one of the known formats, one file each.
//!
//! To add one: write its file, name its module here, and add it to [`ComplianceFormat::ALL`].

mod json;
mod markdown;
mod table;

use std::io::{self, Write};

use plimsoll_kube::compliance::{Report, State};

use crate::Style;

/// A way to write it.
#[derive(Debug, Clone, Copy)]
pub struct ComplianceFormat {
    /// As `-f` takes it.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// Writes the whole document.
    pub write: fn(&Report, &Style, &mut dyn Write) -> io::Result<()>,
}

impl ComplianceFormat {
    /// The registry.
    pub const ALL: &'static [Self] = &[table::FORMAT, json::FORMAT, markdown::FORMAT];

    /// The format of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.name == name)
    }
}

/// The state in a word.
fn word(state: &State) -> &'static str {
    match state {
        State::Pass => "pass",
        State::Fail(_) => "fail",
        State::NotJudged(_) => "not judged",
    }
}

/// The score in a sentence.
fn score(report: &Report) -> String {
    let judged = report.passed().saturating_add(report.failed());
    let score = report.score().map_or_else(|| "none".to_owned(), |score| format!("{score} %"));
    let (passed, left) = (report.passed(), report.not_judged());
    format!("Score {score}: {passed} of {judged} judged controls pass, {left} are not judged")
}

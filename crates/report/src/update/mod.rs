//! What could be newer in sources, in one of the known formats, one file each.
//!
//! To add one: write its file, name its module here, and add it to [`UpdateFormat::ALL`].

mod json;
mod markdown;
mod table;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use plimsoll_model::Severity;
use plimsoll_model::update::{Clears, Updates};

use crate::Style;

/// A way to write it.
#[derive(Debug, Clone, Copy)]
pub struct UpdateFormat {
    /// As `-o` takes it.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// Writes the whole document.
    pub write: fn(&Updates, &Style, &mut dyn Write) -> io::Result<()>,
}

impl UpdateFormat {
    /// The registry.
    pub const ALL: &'static [Self] = &[table::FORMAT, json::FORMAT, markdown::FORMAT];

    /// The format of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.name == name)
    }
}

/// A version, short enough for a line: of a digest or commit the first letters.
fn short(version: &str) -> String {
    let shorter = |word: &str| -> String {
        let hex = word.strip_prefix("sha256:").unwrap_or(word);
        let is_id = matches!(hex.len(), 40 | 64) && hex.bytes().all(|one| one.is_ascii_hexdigit());
        if is_id { hex.chars().take(12).collect() } else { word.to_owned() }
    };
    let words = version.split(' ').map(|word| match word.split_once('@') {
        Some((tag, digest)) => format!("{tag}@{}", shorter(digest)),
        None => shorter(word),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// `2 critical, 1 high`.
fn levels(all: &[(Severity, String)]) -> String {
    let counted = Severity::ALL.into_iter().filter_map(|severity| {
        let count = all.iter().filter(|(level, _)| *level == severity).count();
        (count > 0).then(|| format!("{count} {severity}"))
    });
    counted.collect::<Vec<_>>().join(", ")
}

/// What an update does to known weaknesses, in a few words.
fn cleared(clears: &Clears) -> String {
    let mut said = match (clears.gone.is_empty(), clears.before) {
        (true, 0) => "nothing was known against it".to_owned(),
        (true, before) => format!("clears none of {before}"),
        (false, before) => {
            format!("clears {} of {before}: {}", clears.gone.len(), levels(&clears.gone))
        }
    };
    if !clears.new.is_empty() {
        said.push_str("; brings ");
        said.push_str(&levels(&clears.new));
    }
    said
}

//! A text of which every byte knows the place that it came from.
//!
//! The condition that is parsed is put together from several: appended parts, exceptions, lists.
//! What is wrong with it is shown where it was written.

use super::context::{File, Place};
use crate::condition::ast::Pos;
use crate::yaml::Node;

/// How long a condition may become.
pub(crate) const MAX_LENGTH: usize = 4 << 20;

/// A text with its places.
#[derive(Debug, Clone, Default)]
pub(crate) struct Traced {
    text: String,
    places: Vec<Place>,
}

impl Traced {
    /// The text of a scalar.
    pub(crate) fn of(file: &File, node: &Node) -> Self {
        let text = node.scalar().unwrap_or_default().to_owned();
        let source = file.source.slice(node.span).as_bytes();
        let mut places = Vec::with_capacity(text.len());
        let mut at = 0_usize;
        for byte in text.bytes() {
            // Folding changes blanks and escapes change more: the next same byte is the place,
            // where there is one near.
            if !byte.is_ascii_whitespace() {
                let ahead = source.get(at..).unwrap_or_default();
                let near = ahead.get(..ahead.len().min(4_096)).unwrap_or_default();
                if let Some(skipped) = memchr(byte, near) {
                    at = at.saturating_add(skipped);
                }
            }
            let offset = node.span.start.saturating_add(plimsoll_model::text::offset(at));
            places.push(Place { file: file.index, offset });
            if !byte.is_ascii_whitespace() {
                at = at.saturating_add(1);
            }
        }
        Self { text, places }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    /// The place of a byte; behind the end that of the last.
    pub(crate) fn place(&self, index: u32) -> Option<Place> {
        self.places.get(index as usize).or(self.places.last()).copied()
    }

    /// The place of a part that begins with these words, where they stand there: bare, in quotes, or
    /// as one of the values in parentheses.
    pub(crate) fn place_of(&self, at: Pos, begins: &str) -> Option<Place> {
        let here = self.text.get(at.index as usize..).unwrap_or_default();
        let trimmed = here.trim_start();
        let shift = here.len().saturating_sub(trimmed.len());
        let quoted =
            |text: &str| text.strip_prefix(['"', '\'']).map(|rest| rest.starts_with(begins));
        let within = if trimmed.starts_with(begins) || quoted(trimmed) == Some(true) {
            0
        } else {
            one_of_values(trimmed, begins)?
        };
        let shift = plimsoll_model::text::offset(shift.saturating_add(within));
        self.place(at.index.saturating_add(shift))
    }

    pub(crate) fn push(&mut self, text: &str, place: Place) {
        self.text.push_str(text);
        self.places.resize(self.text.len(), place);
    }

    pub(crate) fn append(&mut self, other: &Self) {
        self.text.push_str(&other.text);
        self.places.extend_from_slice(&other.places);
    }

    /// Puts a text in place of a range, which begins and ends at characters.
    pub(crate) fn replace(&mut self, range: std::ops::Range<usize>, with: &str) {
        let fallback = Place { file: 0, offset: 0 };
        let place = self.places.get(range.start).or(self.places.last()).copied();
        let place = place.unwrap_or(fallback);
        self.text.replace_range(range.clone(), with);
        self.places.splice(range, std::iter::repeat_n(place, with.len()));
    }
}

/// Where a value stands in a list in parentheses.
fn one_of_values(text: &str, value: &str) -> Option<usize> {
    let list = text.strip_prefix('(')?;
    let list = list.split(')').next().unwrap_or_default();
    let mut at = 1_usize;
    for item in list.split(',') {
        let own = item.trim_start();
        if own.trim_end().trim_matches(['"', '\'']) == value {
            return Some(at.saturating_add(item.len().saturating_sub(own.len())));
        }
        at = at.saturating_add(item.len()).saturating_add(1);
    }
    None
}

fn memchr(byte: u8, text: &[u8]) -> Option<usize> {
    text.iter().position(|own| *own == byte)
}

//! A text and where in it a thing stands.
//!
//! Offsets are bytes of the text without a byte order mark; what a person reads is a line and a
//! column, both from 1, the column in characters.

use super::Span;

/// A line and a column, both counted from 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column, in characters.
    pub column: u32,
}

/// A text with its line starts.
#[derive(Debug, Clone, Default)]
pub struct Source {
    text: String,
    line_starts: Vec<u32>,
    /// The line with the first byte that is not UTF-8, where there is one.
    not_utf8: Option<u32>,
    bom: bool,
    /// Lines before the text, and characters before it on its first line, where it is part of a
    /// longer one.
    before: (u32, u32),
}

impl Source {
    /// The longest text that is taken, in bytes: offsets are 32 bits wide.
    pub const MAX_BYTES: usize = 256 << 20;

    /// Takes a text; what is past [`Self::MAX_BYTES`] is cut off.
    pub fn new(text: impl Into<String>) -> Self {
        let mut text: String = text.into();
        if text.len() > Self::MAX_BYTES {
            let mut end = Self::MAX_BYTES;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
        }
        let bom = text.starts_with('\u{feff}');
        if bom {
            text.drain(..'\u{feff}'.len_utf8());
        }
        let newlines = memchr::memchr_iter(b'\n', text.as_bytes());
        let line_starts =
            std::iter::once(0).chain(newlines.map(|at| offset(at.saturating_add(1)))).collect();
        Self { text, line_starts, not_utf8: None, bom, before: (0, 0) }
    }

    /// Takes bytes as they were read; what is not UTF-8 becomes U+FFFD and is remembered.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::new(text),
            Err(error) => {
                let good = error.utf8_error().valid_up_to();
                let lines = memchr::memchr_iter(b'\n', error.as_bytes().get(..good).unwrap_or(&[]));
                let line = offset(lines.count()).saturating_add(1);
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                Self { not_utf8: Some(line), ..Self::new(text) }
            }
        }
    }

    /// The same as part of a longer text, where it begins at a place: lines and columns are those of
    /// the longer one, offsets its own.
    #[must_use]
    pub fn beginning_at(mut self, place: Position) -> Self {
        self.before = (place.line.saturating_sub(1), place.column.saturating_sub(1));
        self.not_utf8 = self.not_utf8.map(|line| line.saturating_add(self.before.0));
        self
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it began with a byte order mark, which is not part of [`Self::text`].
    pub fn has_bom(&self) -> bool {
        self.bom
    }

    /// The line of the first byte that was not UTF-8.
    pub fn not_utf8(&self) -> Option<u32> {
        self.not_utf8
    }

    /// The byte order mark that it began with, or nothing.
    pub fn byte_order_mark(&self) -> &'static str {
        if self.bom { "\u{feff}" } else { "" }
    }

    /// The part of the text at a span; empty where the span is none of this text.
    pub fn slice(&self, span: Span) -> &str {
        span.of(&self.text)
    }

    /// How many lines there are; a text that ends in a newline has an empty last one.
    pub fn line_count(&self) -> u32 {
        offset(self.line_starts.len()).saturating_add(self.before.0)
    }

    /// The line of an offset, from 1.
    pub fn line(&self, at: u32) -> u32 {
        let own = offset(self.line_starts.partition_point(|start| *start <= at));
        own.saturating_add(self.before.0)
    }

    /// The number of a line among those of this text, from 0.
    fn index(&self, line: u32) -> usize {
        line.saturating_sub(self.before.0).saturating_sub(1) as usize
    }

    /// The line and column of an offset.
    pub fn position(&self, at: u32) -> Position {
        let line = self.line(at);
        let index = self.index(line);
        let start = self.line_starts.get(index).copied().unwrap_or(0);
        let text = self.text.get(start as usize..at as usize).unwrap_or_default();
        let before = if index == 0 { self.before.1 } else { 0 };
        let column = offset(text.chars().count()).saturating_add(before).saturating_add(1);
        Position { line, column }
    }

    /// The span of a line without its line break; empty where there is no such line.
    pub fn line_span(&self, line: u32) -> Span {
        let index = self.index(line);
        let Some(start) = self.line_starts.get(index).copied() else {
            return Span::default();
        };
        let end = self.line_starts.get(index.saturating_add(1)).copied();
        let end = end.unwrap_or(offset(self.text.len()));
        let line = self.text.get(start as usize..end as usize).unwrap_or_default();
        let kept = line.trim_end_matches(['\n', '\r']).len();
        Span::new(start, start.saturating_add(offset(kept)))
    }

    /// The offset of a line's first byte; the end of the text where there is no such line.
    pub fn line_start(&self, line: u32) -> u32 {
        let index = self.index(line);
        self.line_starts.get(index).copied().unwrap_or(offset(self.text.len()))
    }
}

/// A length in bytes as an offset of a text, which [`Source::MAX_BYTES`] bounds.
pub fn offset(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_counts_characters_and_a_mark_is_not_one() {
        let source = Source::new("\u{feff}FROM a\r\nRUN é x\n");
        assert!(source.has_bom());
        assert_eq!(source.position(0), Position { line: 1, column: 1 });
        let x = offset(source.text().find('x').unwrap_or(0));
        assert_eq!(source.position(x), Position { line: 2, column: 7 });
        assert_eq!(source.slice(source.line_span(1)), "FROM a");
        assert_eq!(source.line_count(), 3);
    }

    #[test]
    fn a_part_of_a_longer_text_has_the_lines_and_columns_of_the_longer_one() {
        let part = Source::new("{\n  \"a\": 1\n}").beginning_at(Position { line: 10, column: 5 });
        assert_eq!(part.position(0), Position { line: 10, column: 5 });
        assert_eq!(part.position(4), Position { line: 11, column: 3 });
        assert_eq!(part.slice(part.line_span(11)), "  \"a\": 1");
        assert_eq!((part.line_start(12), part.line_count()), (11, 12));
    }

    #[test]
    fn bytes_that_are_no_text_are_remembered_by_their_line() {
        assert_eq!(Source::from_bytes(b"FROM a\nRUN \xff\n".to_vec()).not_utf8(), Some(2));
    }
}

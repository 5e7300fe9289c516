//! The text of an open document, and the positions that an editor and Plimsoll count differently.
//!
//! An editor counts lines from 0, ended by LF, CR LF or CR alone, and columns in bytes or in units
//! of UTF-16; see
//! <https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/#position>.
//! Plimsoll counts bytes of the text without a byte order mark.

use std::ops::Range;

use lsp_types::{Position, PositionEncodingKind, Range as Region};

/// What a column of an editor counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Bytes.
    Utf8,
    /// Units of UTF-16, which every client understands.
    Utf16,
}

impl Encoding {
    /// The one to use with a client that offers these.
    pub(crate) fn chosen(offered: Option<&[PositionEncodingKind]>) -> Self {
        let utf8 = offered.is_some_and(|all| all.contains(&PositionEncodingKind::UTF8));
        if utf8 { Self::Utf8 } else { Self::Utf16 }
    }

    pub(crate) fn kind(self) -> PositionEncodingKind {
        match self {
            Self::Utf8 => PositionEncodingKind::UTF8,
            Self::Utf16 => PositionEncodingKind::UTF16,
        }
    }

    fn width(self, character: char) -> usize {
        match self {
            Self::Utf8 => character.len_utf8(),
            Self::Utf16 => character.len_utf16(),
        }
    }
}

/// A text with its line starts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Text {
    /// With the byte order mark, if there is one: an editor may count it.
    whole: String,
    /// How many bytes the mark takes.
    mark: usize,
    starts: Vec<usize>,
}

impl Text {
    pub(crate) fn new(whole: String) -> Self {
        let mark = if whole.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let bytes = whole.as_bytes();
        let ends = bytes.iter().enumerate().filter(|(at, byte)| match byte {
            b'\n' => true,
            b'\r' => bytes.get(at.saturating_add(1)) != Some(&b'\n'),
            _ => false,
        });
        let starts = std::iter::once(0).chain(ends.map(|(at, _)| at.saturating_add(1))).collect();
        Self { whole, mark, starts }
    }

    /// Without the byte order mark.
    pub(crate) fn body(&self) -> &str {
        self.whole.get(self.mark..).unwrap_or_default()
    }

    pub(crate) fn len(&self) -> usize {
        self.whole.len()
    }

    /// The line that begins at the `index`th start, without what ends it.
    fn line(&self, index: usize) -> Option<&str> {
        let start = *self.starts.get(index)?;
        let end = self.starts.get(index.saturating_add(1)).copied().unwrap_or(self.whole.len());
        let line = self.whole.get(start..end)?;
        let line = line.strip_suffix('\n').unwrap_or(line);
        Some(line.strip_suffix('\r').unwrap_or(line))
    }

    /// A byte of the whole text. A column past its line is the line's end, a line past the text is
    /// the text's end, and a place within a character is the character's start.
    fn byte(&self, at: Position, encoding: Encoding) -> usize {
        let index = at.line as usize;
        let Some(line) = self.line(index) else { return self.whole.len() };
        let start = self.starts.get(index).copied().unwrap_or_default();
        let mut left = at.character as usize;
        for (byte, character) in line.char_indices() {
            let width = encoding.width(character);
            if left < width {
                return start.saturating_add(byte);
            }
            left = left.saturating_sub(width);
        }
        start.saturating_add(line.len())
    }

    /// The byte of [`Self::body`] at a position.
    pub(crate) fn offset(&self, at: Position, encoding: Encoding) -> usize {
        self.byte(at, encoding).saturating_sub(self.mark)
    }

    /// The bytes of [`Self::body`] in a region.
    pub(crate) fn span(&self, region: Region, encoding: Encoding) -> Range<usize> {
        let (start, end) = (self.offset(region.start, encoding), self.offset(region.end, encoding));
        start..end.max(start)
    }

    /// The position of a byte of [`Self::body`].
    pub(crate) fn position(&self, offset: usize, encoding: Encoding) -> Position {
        let byte = offset.saturating_add(self.mark).min(self.whole.len());
        let index = self.starts.partition_point(|start| *start <= byte).saturating_sub(1);
        let start = self.starts.get(index).copied().unwrap_or_default();
        // Nothing stands between the end of a line and its break.
        let line = self.line(index).unwrap_or_default();
        let mut column = 0_usize;
        for (at, character) in line.char_indices() {
            if start.saturating_add(at) >= byte {
                break;
            }
            column = column.saturating_add(encoding.width(character));
        }
        let narrow = |wide: usize| u32::try_from(wide).unwrap_or(u32::MAX);
        Position { line: narrow(index), character: narrow(column) }
    }

    /// The region of bytes of [`Self::body`].
    pub(crate) fn region(&self, span: &Range<usize>, encoding: Encoding) -> Region {
        Region {
            start: self.position(span.start, encoding),
            end: self.position(span.end, encoding),
        }
    }

    /// Puts a text in place of a region.
    #[must_use]
    pub(crate) fn replaced(&self, region: Region, with: &str, encoding: Encoding) -> Self {
        let (start, end) = (self.byte(region.start, encoding), self.byte(region.end, encoding));
        let part = |range: Range<usize>| self.whole.get(range).unwrap_or_default();
        let before = part(0..start);
        Self::new([before, with, part(end.max(start)..self.whole.len())].concat())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(line: u32, character: u32) -> Position {
        Position { line, character }
    }

    #[test]
    fn columns_count_bytes_or_units_of_utf_16() {
        let text = Text::new("RUN \u{1f980}x\r\ny é z\rw".to_owned());
        let x = text.body().find('x').unwrap();
        assert_eq!(text.position(x, Encoding::Utf16), at(0, 6));
        assert_eq!(text.position(x, Encoding::Utf8), at(0, 8));
        assert_eq!(text.offset(at(0, 5), Encoding::Utf16), 4, "within the pair is its start");
        assert_eq!(text.offset(at(0, 99), Encoding::Utf16), x + 1, "before the line's break");
        let z = text.body().find('z').unwrap();
        assert_eq!(text.position(z, Encoding::Utf16), at(1, 4));
        assert_eq!(text.position(text.body().len(), Encoding::Utf16), at(2, 1));
        assert_eq!(text.offset(at(9, 0), Encoding::Utf8), text.body().len());
    }

    #[test]
    fn a_byte_order_mark_is_a_character_of_the_editor_s() {
        let text = Text::new("\u{feff}FROM a\n".to_owned());
        assert_eq!(text.body(), "FROM a\n");
        assert_eq!(text.position(0, Encoding::Utf16), at(0, 1));
        assert_eq!(text.offset(at(0, 0), Encoding::Utf16), 0);
        assert_eq!(text.offset(at(0, 6), Encoding::Utf16), 5);
    }

    #[test]
    fn a_region_is_replaced_where_the_editor_says() {
        let text = Text::new("a\u{1f980}b\r\nc".to_owned());
        let region = Region { start: at(0, 3), end: at(1, 0) };
        assert_eq!(text.replaced(region, "-", Encoding::Utf16).body(), "a\u{1f980}-c");
        let backwards = Region { start: at(1, 0), end: at(0, 0) };
        assert_eq!(text.replaced(backwards, "", Encoding::Utf16).body(), text.body());
    }

    proptest! {
        #[test]
        fn every_place_between_characters_survives_the_way_to_the_editor_and_back(
            body in "\u{feff}?(a|é|\u{1f980}|\r\n|\r|\n){0,20}",
        ) {
            let text = Text::new(body);
            for encoding in [Encoding::Utf8, Encoding::Utf16] {
                for (offset, _) in text.body().char_indices() {
                    let within = text.body()[..offset].ends_with('\r')
                        && text.body()[offset..].starts_with('\n');
                    if !within {
                        let position = text.position(offset, encoding);
                        prop_assert_eq!(text.offset(position, encoding), offset);
                    }
                }
            }
        }

        #[test]
        fn no_position_panics(body in ".{0,20}", line in 0_u32..5, character: u32, offset: usize) {
            let text = Text::new(body);
            let _ = text.position(offset, Encoding::Utf16);
            let end = text.offset(at(line, character), Encoding::Utf8);
            prop_assert!(text.body().is_char_boundary(end));
        }
    }
}

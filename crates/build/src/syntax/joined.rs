//! The text of one instruction, its continued lines made one, with the way back to the file.

use crate::Span;
use plimsoll_model::text::offset;

/// A text that was put together from pieces of a source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Joined {
    text: String,
    /// Where a piece starts: in the text, and in the source. Sorted.
    pieces: Vec<(u32, u32)>,
}

impl Joined {
    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Adds a piece that stands at `at` in the source.
    pub fn push(&mut self, piece: &str, at: u32) {
        self.pieces.push((offset(self.text.len()), at));
        self.text.push_str(piece);
    }

    /// The place in the source of a place in the text.
    ///
    /// The end of the text is the end of its last piece.
    pub fn source_offset(&self, at: u32) -> u32 {
        let index = self.pieces.partition_point(|(start, _)| *start <= at).saturating_sub(1);
        let (start, source) = self.pieces.get(index).copied().unwrap_or_default();
        source.saturating_add(at.saturating_sub(start))
    }

    /// The place in the source of a span of the text: from its first byte to behind its last.
    pub fn source_span(&self, span: Span) -> Span {
        let start = self.source_offset(span.start);
        if span.is_empty() {
            return Span::new(start, start);
        }
        let last = self.source_offset(span.end.saturating_sub(1));
        Span::new(start, last.saturating_add(1))
    }

    /// The part of the text from `start` to `end`, still knowing its source.
    #[must_use]
    pub fn part(&self, span: Span) -> Self {
        let mut part = Self::default();
        let first = self.pieces.partition_point(|(start, _)| *start <= span.start);
        for index in first.saturating_sub(1)..self.pieces.len() {
            let Some((start, source)) = self.pieces.get(index).copied() else { break };
            let end = self.pieces.get(index.saturating_add(1)).map_or(span.end, |next| next.0);
            let from = start.max(span.start);
            let to = end.min(span.end);
            if from >= span.end && !span.is_empty() {
                break;
            }
            if let Some(text) = self.text.get(from as usize..to as usize) {
                part.push(text, source.saturating_add(from.saturating_sub(start)));
            }
        }
        part
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_knows_where_it_came_from() {
        let mut joined = Joined::default();
        joined.push("RUN a ", 0);
        joined.push("  b", 8);
        assert_eq!(joined.text(), "RUN a   b");
        assert_eq!(joined.source_span(Span::new(4, 9)), Span::new(4, 11));
        let part = joined.part(Span::new(4, 9));
        assert_eq!((part.text(), part.source_offset(0), part.source_offset(4)), ("a   b", 4, 10));
    }
}

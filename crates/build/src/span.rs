//! A range of bytes in a text.

use std::ops::Range;

/// A range of bytes in a text; `end` is behind the last one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// Behind the last byte.
    pub end: u32,
}

impl Span {
    /// From `start` to before `end`.
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// How many bytes.
    pub const fn len(self) -> u32 {
        self.end.saturating_sub(self.start)
    }

    /// Whether there is no byte in it.
    pub const fn is_empty(self) -> bool {
        self.end <= self.start
    }

    /// Whether the other lies in it.
    pub const fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// From the first start to the last end.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self::new(self.start.min(other.start), self.end.max(other.end))
    }

    /// As an index of a text.
    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

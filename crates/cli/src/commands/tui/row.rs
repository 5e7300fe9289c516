//! One row of a list: cells of fixed widths, and one that takes what is left.

use plimsoll_report::text;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// Puts cells side by side.
#[derive(Debug, Default)]
pub(super) struct Row {
    spans: Vec<Span<'static>>,
    used: usize,
    width: usize,
}

impl Row {
    /// A row of so many columns.
    pub(super) fn new(width: usize) -> Self {
        Self { spans: Vec::new(), used: 0, width }
    }

    /// Columns that are left, a gap before them.
    pub(super) fn rest(&self) -> usize {
        self.width.saturating_sub(self.used)
    }

    /// A cell of so many columns with a gap after it; its text may come from anywhere.
    #[must_use]
    pub(super) fn cell(self, width: usize, said: &str, style: Style) -> Self {
        let said = text::shorten(&text::one_line(said), width);
        self.put(format!("{} ", text::pad(&said, width)), style)
    }

    /// The same, the text on its right side.
    #[must_use]
    pub(super) fn right(self, width: usize, said: &str, style: Style) -> Self {
        let said = text::shorten(&text::one_line(said), width);
        let missing = width.saturating_sub(text::width(&said));
        self.put(format!("{}{said} ", " ".repeat(missing)), style)
    }

    /// The same for a name, of which both ends tell.
    #[must_use]
    pub(super) fn name(self, width: usize, said: &str, style: Style) -> Self {
        let said = text::shorten_middle(&text::one_line(said), width);
        self.put(format!("{} ", text::pad(&said, width)), style)
    }

    /// A cell that takes all that is left.
    #[must_use]
    pub(super) fn last(self, said: &str, style: Style) -> Self {
        let said = text::shorten(&text::one_line(said), self.rest());
        self.put(said, style)
    }

    /// Text of our own as it is, without a gap.
    #[must_use]
    pub(super) fn put(mut self, said: String, style: Style) -> Self {
        self.used = self.used.saturating_add(text::width(&said));
        self.spans.push(Span::styled(said, style));
        self
    }

    pub(super) fn line(self) -> Line<'static> {
        Line::from(self.spans)
    }
}

//! A list with a cursor, of which as much is shown as fits.

/// Where the cursor is, and what is shown around it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct List {
    pub(super) cursor: usize,
    /// The first row that is shown.
    top: usize,
    /// Rows that were shown last.
    height: usize,
}

/// How far the cursor goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
}

impl List {
    /// A list with the cursor on a row.
    pub(super) fn at(cursor: usize) -> Self {
        Self { cursor, ..Self::default() }
    }

    /// Moves the cursor in a list of so many rows.
    pub(super) fn step(&mut self, step: Step, rows: usize) {
        let page = self.height.saturating_sub(1).max(1);
        let last = rows.saturating_sub(1);
        self.cursor = match step {
            Step::Up => self.cursor.saturating_sub(1),
            Step::Down => self.cursor.saturating_add(1),
            Step::PageUp => self.cursor.saturating_sub(page),
            Step::PageDown => self.cursor.saturating_add(page),
            Step::First => 0,
            Step::Last => last,
        }
        .min(last);
    }

    /// Keeps the cursor in a list that has changed.
    pub(super) fn clamp(&mut self, rows: usize) {
        self.cursor = self.cursor.min(rows.saturating_sub(1));
    }

    /// How many rows a page has.
    pub(super) fn page(&mut self, height: usize) {
        self.height = height;
    }

    /// The rows to show where there is room for `height`, the cursor among them.
    pub(super) fn window(&mut self, rows: usize, height: usize) -> std::ops::Range<usize> {
        self.clamp(rows);
        self.height = height;
        if height == 0 {
            return 0..0;
        }
        self.top = self.top.min(self.cursor).min(rows.saturating_sub(height));
        if self.cursor >= self.top.saturating_add(height) {
            self.top = self.cursor.saturating_add(1).saturating_sub(height);
        }
        self.top..self.top.saturating_add(height).min(rows)
    }

    /// The next row, after the cursor and round the end, of which `is_match` holds.
    pub(super) fn seek(
        &self,
        rows: usize,
        is_forward: bool,
        from_here: bool,
        is_match: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let first = usize::from(!from_here);
        (first..rows.saturating_add(first)).find_map(|away| {
            let at = if is_forward {
                self.cursor.checked_add(away)?.checked_rem(rows)?
            } else {
                self.cursor.checked_add(rows)?.checked_sub(away)?.checked_rem(rows)?
            };
            is_match(at).then_some(at)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_stays_in_what_is_shown() {
        let mut list = List::default();
        assert_eq!(list.window(10, 4), 0..4);
        list.step(Step::PageDown, 10);
        list.step(Step::Down, 10);
        assert_eq!((list.cursor, list.window(10, 4)), (4, 1..5));
        list.step(Step::Last, 10);
        assert_eq!(list.window(10, 4), 6..10);
        list.step(Step::First, 10);
        assert_eq!(list.window(10, 4), 0..4);
        assert_eq!(list.window(0, 4), 0..0);
        assert_eq!(list.window(3, 0), 0..0);
    }

    #[test]
    fn seeking_goes_round_the_end() {
        let list = List { cursor: 2, ..List::default() };
        let even = |at: usize| at.is_multiple_of(2);
        assert_eq!(list.seek(4, true, false, even), Some(0));
        assert_eq!(list.seek(4, true, true, even), Some(2));
        assert_eq!(list.seek(4, false, false, even), Some(0));
        assert_eq!(list.seek(0, true, false, even), None);
        assert_eq!(list.seek(4, true, false, |_| false), None);
    }
}

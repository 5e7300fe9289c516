//! The line in which an offset of a text lies.

/// Turns rising offsets into lines, counting each line end once.
pub(crate) struct Lines<'t> {
    text: &'t [u8],
    at: usize,
    line: usize,
}

impl<'t> Lines<'t> {
    /// Starts at the beginning of `text`.
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text: text.as_bytes(), at: 0, line: 1 }
    }

    /// The line (from 1) of `offset`, which must not be less than the one before it.
    pub(crate) fn at(&mut self, offset: usize) -> usize {
        let offset = offset.min(self.text.len());
        let passed = self.text.get(self.at..offset).unwrap_or_default();
        self.line += passed.split(|&byte| byte == b'\n').count().saturating_sub(1);
        self.at = self.at.max(offset);
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;

    #[test]
    fn a_line_end_belongs_to_the_line_that_it_ends() {
        let mut lines = Lines::new("a\nb\n");
        assert_eq!([0, 1, 2, 3, 4, 9].map(|offset| lines.at(offset)), [1, 1, 2, 2, 3, 3]);
    }
}

//! What the rows of a pane are ordered by.

/// Orders of a pane, which a key goes through.
pub(super) trait Order: Copy + PartialEq + 'static {
    /// All of them and what they are called, in the order in which they follow each other.
    const ALL: &'static [(Self, &'static str)];

    /// The one after it; after the last comes the first.
    fn next(self) -> Self {
        let after = Self::ALL.iter().skip_while(|(order, _)| *order != self).nth(1);
        after.or_else(|| Self::ALL.first()).map_or(self, |(order, _)| *order)
    }

    /// What it is called.
    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(order, _)| *order == self).map_or("", |(_, name)| name)
    }
}

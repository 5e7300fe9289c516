//! Values in words, as libsinsp shows them.

pub(crate) mod address;
pub(crate) mod argument;
pub(crate) mod names;

use std::fmt;

use crate::event::Arena;

/// A text that is put together in the arena of an event.
pub(crate) struct Words<'e>(bumpalo::collections::Vec<'e, u8>);

impl<'e> Words<'e> {
    pub(crate) fn new(arena: &'e Arena) -> Self {
        Self(bumpalo::collections::Vec::with_capacity_in(64, arena))
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice_copy(bytes);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn pop(&mut self) {
        self.0.pop();
    }

    pub(crate) fn finish(self) -> &'e [u8] {
        self.0.into_bump_slice()
    }
}

impl fmt::Write for Words<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        Ok(())
    }
}

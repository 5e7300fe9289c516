//! Events one after the other: a capture, a log, a sensor.

use std::io;

use super::Event;

/// Where events come from, one after the other.
pub trait Stream {
    /// The next one; none at the end. An error ends the stream.
    fn next(&mut self) -> io::Result<Option<Next<'_>>>;
}

/// What comes next.
pub enum Next<'s> {
    /// An event.
    Event(&'s dyn Event),
    /// Something that is no event and is passed over: what it is and why.
    Skipped(String),
}

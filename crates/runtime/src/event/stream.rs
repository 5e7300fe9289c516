//! Events one after the other: a capture, a log, a sensor.

use std::io;

use super::Event;
use crate::syscall::SystemCall;

/// Where events come from, one after the other.
pub trait Stream {
    /// The next one; none at the end. An error ends the stream.
    fn next(&mut self) -> io::Result<Option<Next<'_>>>;

    /// The event that was given last is to be recorded, where the stream records at all.
    fn keep(&mut self) {}

    /// Ends the recording.
    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What comes next.
#[allow(clippy::large_enum_variant, reason = "it is the common one, and is not moved about")]
pub enum Next<'s> {
    /// An event.
    Event(&'s dyn Event),
    /// A system call, which is made of what is borrowed.
    Call(SystemCall<'s>),
    /// Something that is no event and is passed over: what it is and why.
    Skipped(String),
    /// Events are missing: where and why.
    Damaged(String),
}

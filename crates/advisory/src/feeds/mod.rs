//! Feeds in their publishers' formats.

mod rating;
mod starter;

pub use starter::starter;

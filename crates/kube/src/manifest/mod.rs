//! A file of manifests: YAML documents, or JSON, as values with their places.
//!
//! Whoever wrote the file may not mean well: its nesting, the number of its values and what its
//! aliases stand for are bounded. A document that cannot be read costs no other.

mod exact;
mod items;
mod json;
mod node;
mod problem;
mod read;
mod scalar;

pub use items::{Envelope, Item, Items, ItemsError};
pub use node::{Field, Located, Mapping, Node, Scalar, ScalarStyle, Sequence, Value};
pub use problem::{Problem, ProblemKind};

use std::sync::Arc;

use plimsoll_model::text::Source;

/// A file of manifests.
#[derive(Debug, Default)]
pub struct Manifest {
    /// The text.
    pub source: Source,
    /// The documents that could be read, and that are not empty.
    pub documents: Vec<Arc<Node>>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

impl Manifest {
    /// How many values a file may have, what its aliases stand for counted.
    pub const MAX_NODES: u32 = 2_000_000;
    /// How many problems of a file are named.
    pub const MAX_PROBLEMS: usize = 1_000;
    /// How many documents a file may have.
    pub const MAX_DOCUMENTS: usize = 100_000;

    /// Reads a text. What cannot be read is among the problems.
    pub fn parse(source: Source) -> Self {
        read::read(source)
    }
}

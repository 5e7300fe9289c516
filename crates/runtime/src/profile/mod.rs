//! Least privilege from behaviour: documents that permit what was observed and nothing else.
//!
//! ```text
//! events → deeds → observed → document → text
//!                       text, read back → judge → the same deeds, each permitted
//! ```
//!
//! What proves a document has its text alone to go by. What an event asks for is found out once for
//! writer and judge: a mistake in a deed shows in neither, but with Falco's rules, which the engine
//! judges by itself.

mod deed;
pub mod documents;
mod flows;
mod needs;
mod observed;
mod proof;
mod selection;

pub use deed::{Access, Deed, Direction, Peer, Witness};
pub use flows::{FlowWitness, PodFlow};
pub use observed::Observed;
pub use proof::{Proof, Prover};
pub use selection::Selection;

use crate::syscall::SystemCall;

/// A kind of document.
pub struct Kind {
    /// The word that it is asked for by.
    pub name: &'static str,
    /// The file that it is written to.
    pub file: &'static str,
    /// What it is, for people.
    pub what: &'static str,
    /// Writes it.
    pub write: fn(&Observed) -> String,
    /// Reads it back; the error says what is wrong with it.
    pub read: fn(&str) -> Result<Box<dyn Judge>, String>,
}

/// A document as it was read back.
pub trait Judge {
    /// What it permits, each by a name for people.
    fn grants(&self) -> &[String];

    /// What it says to something that happened.
    fn judge(&mut self, call: &SystemCall<'_>, deed: &Deed) -> Verdict;
}

/// What a document says to an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It would have been denied: what.
    Denied(String),
    /// It is permitted: the grants without each of which it would not be.
    Permitted(Vec<usize>),
}

impl Verdict {
    /// Permitted by nothing in particular.
    pub const INDIFFERENT: Self = Self::Permitted(Vec::new());

    /// By the grants that cover one need: none of them is a denial, one alone is needed.
    pub(crate) fn by(grants: &[usize], what: impl FnOnce() -> String) -> Self {
        match grants {
            [] => Self::Denied(what()),
            [one] => Self::Permitted(vec![*one]),
            _ => Self::INDIFFERENT,
        }
    }

    /// Of several needs of one event.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Permitted(mut needed), Self::Permitted(more)) => {
                needed.extend(more);
                Self::Permitted(needed)
            }
            (Self::Denied(why), _) | (_, Self::Denied(why)) => Self::Denied(why),
        }
    }
}

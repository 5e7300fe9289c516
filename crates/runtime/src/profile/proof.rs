//! A document against the run that it was made of.

use super::deed::Deed;
use super::{Judge, Kind, Verdict};
use crate::syscall::SystemCall;

/// How many denials are told.
const MOST_TOLD: usize = 10;

/// Shows events to a document.
pub struct Prover {
    judge: Box<dyn Judge>,
    needed: Vec<bool>,
    denied: Vec<String>,
    denials: u64,
    events: u64,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proof {
    /// How many events were judged.
    pub events: u64,
    /// How many grants the document has.
    pub grants: usize,
    /// How many events would have been denied.
    pub denials: u64,
    /// The first of them.
    pub denied: Vec<String>,
    /// Grants without which all that happened would be permitted as well.
    pub unneeded: Vec<String>,
}

impl Proof {
    /// Whether it permits what happened and nothing could be left out.
    pub fn holds(&self) -> bool {
        self.denials == 0 && self.unneeded.is_empty()
    }
}

impl Prover {
    /// For a document as it was written; the error says why it cannot be read.
    pub fn new(kind: &Kind, text: &str) -> Result<Self, String> {
        let judge = (kind.read)(text)?;
        let needed = vec![false; judge.grants().len()];
        Ok(Self { judge, needed, denied: Vec::new(), denials: 0, events: 0 })
    }

    /// Judges an event.
    pub fn judge(&mut self, call: &SystemCall<'_>, deed: &Deed) {
        self.events = self.events.saturating_add(1);
        match self.judge.judge(call, deed) {
            Verdict::Denied(what) => {
                self.denials = self.denials.saturating_add(1);
                if self.denied.len() < MOST_TOLD && !self.denied.contains(&what) {
                    self.denied.push(what);
                }
            }
            Verdict::Permitted(by) => {
                for grant in by {
                    if let Some(needed) = self.needed.get_mut(grant) {
                        *needed = true;
                    }
                }
            }
        }
    }

    /// What all of them came to.
    pub fn finish(self) -> Proof {
        let all = self.judge.grants().iter().zip(&self.needed);
        let unneeded = all.filter(|(_, needed)| !**needed).map(|(grant, _)| grant.clone());
        Proof {
            events: self.events,
            grants: self.needed.len(),
            denials: self.denials,
            denied: self.denied,
            unneeded: unneeded.collect(),
        }
    }
}

//! What the findings mean for whoever asked.

use serde::{Deserialize, Serialize};

/// The outcome of the gates that were set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Gates that were not passed, empty where all were.
    pub failed: Vec<GateReason>,
}

impl Verdict {
    /// Whether nothing stands against it.
    pub fn is_pass(&self) -> bool {
        self.failed.is_empty()
    }
}

/// A gate that was not passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateReason {
    /// Name of the gate: `severity`, `stale-data`, `partial`.
    pub gate: String,
    /// Why, in one sentence.
    pub reason: String,
    /// Exit code that it asks for.
    pub exit_code: u8,
}

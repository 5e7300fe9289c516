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

    /// The exit code of the most serious gate that was not passed, 0 where all were.
    ///
    /// What makes the result itself doubtful comes before what the result says: 3 (partial) over
    /// 4 (stale data) over 5 (policy) over 1 (findings), and any other code last.
    ///
    /// ```
    /// use plimsoll_model::{GateReason, Verdict};
    ///
    /// let reason = |exit_code| GateReason { gate: String::new(), reason: String::new(), exit_code };
    /// assert_eq!(Verdict::default().exit_code(), 0);
    /// assert_eq!(Verdict { failed: vec![reason(1), reason(4)] }.exit_code(), 4);
    /// ```
    pub fn exit_code(&self) -> u8 {
        const MOST_SERIOUS_FIRST: [u8; 4] = [3, 4, 5, 1];
        let rank = |code: u8| MOST_SERIOUS_FIRST.iter().position(|known| *known == code);
        self.failed
            .iter()
            .map(|reason| reason.exit_code)
            .min_by_key(|code| (rank(*code).unwrap_or(MOST_SERIOUS_FIRST.len()), *code))
            .unwrap_or(0)
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

//! Word that something changed, to whoever judges.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Whether something changed since it was last asked, and when.
#[derive(Default)]
pub(super) struct Signal {
    changed: Mutex<Option<Instant>>,
    told: Condvar,
}

impl Signal {
    /// Something changed.
    pub(super) fn raise(&self) {
        *self.changed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        self.told.notify_all();
    }

    /// Whether something changed; from now on nothing did.
    #[cfg(test)]
    pub(super) fn take(&self) -> bool {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner).take().is_some()
    }

    /// Waits until something changed and nothing more did for `quiet`, at most for `patience`; whether
    /// something did.
    pub(super) fn wait(&self, quiet: Duration, patience: Duration) -> bool {
        let until = Instant::now().checked_add(patience);
        let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let left = until.map_or(patience, |it| it.saturating_duration_since(Instant::now()));
            let rest = changed.map(|at| quiet.saturating_sub(at.elapsed()));
            match rest {
                Some(rest) if rest.is_zero() || left.is_zero() => {
                    *changed = None;
                    return true;
                }
                None if left.is_zero() => return false,
                _ => {}
            }
            let pause = rest.unwrap_or(left).min(left);
            let waited = self.told.wait_timeout(changed, pause);
            changed = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_of_changes_is_one() {
        let signal = Signal::default();
        assert!(!signal.wait(Duration::ZERO, Duration::from_millis(1)));
        signal.raise();
        signal.raise();
        assert!(signal.wait(Duration::from_millis(5), Duration::from_secs(5)));
        assert!(!signal.wait(Duration::ZERO, Duration::from_millis(1)));
    }
}

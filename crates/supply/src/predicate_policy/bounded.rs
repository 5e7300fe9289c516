//! Work that must come to an end: on a thread of its own, with a stack that deep recursion of a
//! bounded text does not exhaust, and with a time after which nobody waits for it.
//!
//! Evaluators count their own steps as well and stop by themselves. The time here is for what they
//! do not count; a thread that is given up ends when that ends.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// Memory is only taken as far as the stack is used.
const STACK: usize = 256 << 20;

/// Evaluators stop at the limit itself and need a moment to say so.
const GRACE: Duration = Duration::from_secs(1);

/// Why there is no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Stopped {
    /// It took too long.
    #[error("stopped: it did not come to an end in {0} seconds")]
    Time(u64),
    /// The evaluator panicked, or no thread could be had.
    #[error("stopped: the evaluator failed on this policy or statement")]
    Crash,
}

/// Runs `work` and waits for it as long as `limit` and a moment.
pub(super) fn run<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Stopped> {
    let (give, take) = mpsc::sync_channel(1);
    thread::Builder::new()
        .name("policy".into())
        .stack_size(STACK)
        .spawn(move || {
            // Nobody is there to take it when it comes too late.
            let _ = give.send(work());
        })
        .map_err(|_| Stopped::Crash)?;
    take.recv_timeout(limit + GRACE).map_err(|error| match error {
        RecvTimeoutError::Timeout => Stopped::Time(limit.as_secs()),
        RecvTimeoutError::Disconnected => Stopped::Crash,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_panics_or_hangs_has_no_result_and_ends_nobody_else() {
        assert_eq!(run(Duration::from_secs(5), || 7), Ok(7));
        let panics = run(Duration::from_secs(5), || {
            assert!(std::hint::black_box(false), "on purpose");
        });
        assert_eq!(panics, Err(Stopped::Crash));
        let hangs = run(Duration::ZERO, || thread::sleep(Duration::from_secs(3)));
        assert_eq!(hangs, Err(Stopped::Time(0)));
    }
}

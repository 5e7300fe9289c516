//! When a scan is to end, whether or not all was looked at: at its deadline, or when somebody interrupts it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;

/// The signals that end a scan.
#[cfg(unix)]
const SIGNALS: [i32; 2] = [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM];

/// When to end.
#[derive(Debug)]
pub(super) struct Stop {
    interrupted: Arc<AtomicBool>,
    /// When it is over, and how long that was.
    deadline: Option<(Instant, u64)>,
}

impl Stop {
    /// From now on, after some seconds.
    pub(super) fn new(seconds: Option<u64>) -> Self {
        let deadline = seconds.and_then(|seconds| {
            Some((Instant::now().checked_add(Duration::from_secs(seconds))?, seconds))
        });
        Self { interrupted: Arc::new(AtomicBool::new(false)), deadline }
    }

    /// From now on at the first signal too, and the second one ends the program at once. Before that a
    /// signal ends it: there is nothing to report yet.
    pub(super) fn heed_signals(&self) -> anyhow::Result<()> {
        #[cfg(unix)]
        for signal in SIGNALS {
            let code = 128 + signal;
            // Asked in this order, so that the first signal only raises the flag.
            signal_hook::flag::register_conditional_shutdown(
                signal,
                code,
                Arc::clone(&self.interrupted),
            )
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&self.interrupted)))
            .context("cannot wait for signals")?;
        }
        Ok(())
    }

    /// Why it is over; `None` where it is not.
    pub(super) fn why(&self) -> Option<String> {
        if self.interrupted.load(Ordering::Relaxed) {
            return Some("it was interrupted".to_owned());
        }
        let (at, seconds) = self.deadline?;
        (Instant::now() >= at).then(|| format!("its {seconds} seconds were over"))
    }

    /// The moment at which it is over, where that is known.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline.map(|(at, _)| at)
    }
}

//! How often a registry is asked.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Keeps requests apart by the same pause, for all who share it.
#[derive(Debug)]
pub struct Pace {
    pause: Duration,
    next: Mutex<Option<Instant>>,
}

impl Pace {
    /// So many requests a minute at most; 0 is as many as there are.
    pub fn per_minute(requests: u32) -> Self {
        let pause = Duration::from_mins(1).checked_div(requests).unwrap_or_default();
        Self { pause, next: Mutex::default() }
    }

    /// Waits until the next request may be sent.
    pub fn wait(&self) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let at = next.map_or(now, |next| next.max(now));
        *next = Some(at + self.pause);
        drop(next);
        std::thread::sleep(at.saturating_duration_since(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_shares_a_pace_keeps_it_together() {
        let pace = Pace::per_minute(1_200);
        let began = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| (0..2).for_each(|_| pace.wait()));
            }
        });
        assert!(began.elapsed() >= Duration::from_millis(250), "six requests have five pauses");
        Pace::per_minute(0).wait();
    }
}

//! How many alerts pass in a time: a bucket of tokens that fills with the time of events.

use crate::settings::RateSettings;

/// A bucket of tokens.
#[derive(Debug)]
pub struct Limit {
    rate: f64,
    burst: f64,
    tokens: f64,
    last: Option<u64>,
    held: u64,
}

impl Limit {
    /// A bucket that is full; one without a rate lets everything pass.
    pub fn new(settings: RateSettings) -> Self {
        let burst = f64::from(settings.max_burst.max(1));
        Self { rate: settings.rate, burst, tokens: burst, last: None, held: 0 }
    }

    /// Whether an alert of this time, in nanoseconds, passes.
    pub fn passes(&mut self, time: u64) -> bool {
        if self.rate <= 0.0 {
            return true;
        }
        let since = time.saturating_sub(self.last.unwrap_or(time));
        self.last = Some(self.last.unwrap_or(time).max(time));
        #[allow(clippy::cast_precision_loss, reason = "a time in seconds needs no more")]
        let seconds = since as f64 / 1e9;
        self.tokens = seconds.mul_add(self.rate, self.tokens).min(self.burst);
        if self.tokens < 1.0 {
            self.held = self.held.saturating_add(1);
            return false;
        }
        self.tokens -= 1.0;
        true
    }

    /// How many did not pass.
    pub fn held(&self) -> u64 {
        self.held
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let mut limit = Limit::new(RateSettings { rate: 2.0, max_burst: 3 });
        let passed = |limit: &mut Limit, time| (0..10).filter(|_| limit.passes(time)).count();
        assert_eq!(passed(&mut limit, 1_000_000_000), 3);
        assert_eq!(passed(&mut limit, 2_000_000_000), 2);
        assert_eq!(limit.held(), 15);
        let mut open = Limit::new(RateSettings::default());
        assert_eq!(passed(&mut open, 0), 10);
    }
}

//! Chance that can be had again: the seed is printed, and `PLIMSOLL_SEED` sets it.

use std::time::{SystemTime, UNIX_EPOCH};

/// Xorshift.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new() -> Self {
        let said = std::env::var("PLIMSOLL_SEED").ok().and_then(|text| text.parse().ok());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let seed: u64 = said.unwrap_or(u64::from(now.subsec_nanos()) + now.as_secs());
        eprintln!("PLIMSOLL_SEED={seed}");
        Self(seed.max(1))
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

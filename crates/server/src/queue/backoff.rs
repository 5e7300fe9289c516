//! How long a job waits after a failure.

use std::hash::{BuildHasher, RandomState};

use crate::moment::Millis;

const FIRST: Millis = 2_000;
const LONGEST: Millis = 15 * 60 * 1000;

/// Twice as long after each attempt, a quarter of an hour at most; and then somewhere between half of
/// that and all of it, so that what failed together does not come back together.
pub fn delay(attempt: i64) -> Millis {
    let doublings = u32::try_from(attempt.saturating_sub(1).clamp(0, 20)).unwrap_or(20);
    let whole = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    let half = whole / 2;
    // The standard library's only source of randomness.
    let random = RandomState::new().hash_one(attempt);
    half + Millis::try_from(random % u64::try_from(half.max(1)).unwrap_or(1)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_differ_and_end_at_a_quarter_of_an_hour() {
        for _ in 0..100 {
            assert!((1_000..=2_000).contains(&delay(1)));
            assert!((4_000..=8_000).contains(&delay(3)));
            assert!((LONGEST / 2..=LONGEST).contains(&delay(60)));
        }
        let some: std::collections::BTreeSet<Millis> = (0..50).map(|_| delay(5)).collect();
        assert!(some.len() > 10);
    }
}

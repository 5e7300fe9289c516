//! How many actions there are in a minute.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_mins(1);

/// Counts actions of the last minute, of all responses and of each.
#[derive(Debug, Default)]
pub(crate) struct Allowance {
    all: VecDeque<Instant>,
    each: HashMap<usize, VecDeque<Instant>>,
}

impl Allowance {
    /// Takes one action, where both limits leave one.
    pub(crate) fn take(&mut self, now: Instant, limit: u32, response: usize, own: u32) -> bool {
        let each = self.each.entry(response).or_default();
        forget(&mut self.all, now);
        forget(each, now);
        if over(&self.all, limit) || over(each, own) {
            return false;
        }
        self.all.push_back(now);
        each.push_back(now);
        true
    }

    /// How many are left of both limits.
    pub(crate) fn left(&mut self, now: Instant, limit: u32, response: usize, own: u32) -> u32 {
        let each = self.each.entry(response).or_default();
        forget(&mut self.all, now);
        forget(each, now);
        let left = |taken: &VecDeque<Instant>, limit: u32| {
            limit.saturating_sub(u32::try_from(taken.len()).unwrap_or(u32::MAX))
        };
        left(&self.all, limit).min(left(each, own))
    }
}

fn forget(taken: &mut VecDeque<Instant>, now: Instant) {
    while taken.front().is_some_and(|first| now.duration_since(*first) >= MINUTE) {
        taken.pop_front();
    }
}

fn over(taken: &VecDeque<Instant>, limit: u32) -> bool {
    taken.len() >= usize::try_from(limit).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_limits_hold_and_a_minute_later_there_is_room_again() {
        let mut allowance = Allowance::default();
        let begin = Instant::now();
        let later = begin + MINUTE;
        assert!(allowance.take(begin, 3, 0, 2));
        assert!(allowance.take(begin, 3, 0, 2));
        assert!(!allowance.take(begin, 3, 0, 2), "its own limit");
        assert!(allowance.take(begin, 3, 1, 2));
        assert!(!allowance.take(begin, 3, 1, 2), "that of all");
        assert_eq!(allowance.left(begin, 3, 1, 2), 0);
        assert!(allowance.take(later, 3, 0, 2));
    }
}

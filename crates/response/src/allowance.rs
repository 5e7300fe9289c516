//! How many actions there are in a minute.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_mins(1);

/// Counts actions of the last minute, of all responses and of each.
#[derive(Debug, Default)]
pub(crate) struct Allowance {
    all: VecDeque<Instant>,
    each: HashMap<usize, VecDeque<Instant>>,
    kernels: HashMap<usize, Kills>,
}

/// What the kernel has killed for a response.
#[derive(Debug, Default)]
struct Kills {
    /// Those whose events were read, which took their actions then.
    noted: u64,
    /// Those whose events will not come.
    lost: u64,
    /// How many others there were, and since when so many.
    waiting: Option<(u64, Instant)>,
}

/// What the kernel has done for a response, and may do in a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) response: usize,
    pub(crate) own: u32,
    pub(crate) executed: u64,
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

    /// Notes a kill of the kernel's whose event was read.
    pub(crate) fn note(&mut self, response: usize) {
        let kills = self.kernels.entry(response).or_default();
        kills.noted = kills.noted.saturating_add(1);
    }

    /// How many of the kernel's kills were noted.
    pub(crate) fn noted(&self) -> u64 {
        self.kernels.values().map(|kills| kills.noted).sum()
    }

    /// How many the kernel may still kill for each response. Together they are no more than is left of the
    /// limit of all, and what it has killed meanwhile counts before its events are read.
    pub(crate) fn share(&mut self, now: Instant, limit: u32, accounts: &[Account]) -> Vec<u32> {
        forget(&mut self.all, now);
        let waiting: Vec<u32> = accounts.iter().map(|account| self.waiting(now, account)).collect();
        let all = waiting.iter().fold(left(&self.all, limit), |all, one| all.saturating_sub(*one));
        let mut rest = all;
        let mut open = u32::try_from(accounts.len()).unwrap_or(u32::MAX);
        let mut shares = Vec::with_capacity(accounts.len());
        for (account, waiting) in accounts.iter().zip(waiting) {
            let each = self.each.entry(account.response).or_default();
            forget(each, now);
            let own = left(each, account.own).saturating_sub(waiting);
            let share = own.min(rest.div_ceil(open.max(1)));
            rest = rest.saturating_sub(share);
            open = open.saturating_sub(1);
            shares.push(share);
        }
        shares
    }

    /// How many of the kernel's kills nobody has read of yet. One of a minute ago counts no more.
    fn waiting(&mut self, now: Instant, account: &Account) -> u32 {
        let kills = self.kernels.entry(account.response).or_default();
        let count = account.executed.saturating_sub(kills.noted.saturating_add(kills.lost));
        match kills.waiting {
            Some((before, since)) if before == count => {
                if now.duration_since(since) >= MINUTE {
                    kills.lost = kills.lost.saturating_add(count);
                    kills.waiting = None;
                    return 0;
                }
            }
            _ => kills.waiting = Some((count, now)),
        }
        u32::try_from(count).unwrap_or(u32::MAX)
    }
}

fn left(taken: &VecDeque<Instant>, limit: u32) -> u32 {
    limit.saturating_sub(u32::try_from(taken.len()).unwrap_or(u32::MAX))
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
        let account = Account { response: 1, own: 2, executed: 0 };
        assert_eq!(allowance.share(begin, 3, &[account]), [0]);
        assert!(allowance.take(later, 3, 0, 2));
    }

    #[test]
    fn what_the_kernel_may_kill_is_bounded_by_what_it_has_killed_and_by_all() {
        let mut allowance = Allowance::default();
        let begin = Instant::now();
        let accounts = |first: u64, second: u64| {
            [(0, first), (1, second)].map(|(response, executed)| Account {
                response,
                own: 10,
                executed,
            })
        };
        assert_eq!(allowance.share(begin, 30, &accounts(0, 0)), [10, 10]);
        assert_eq!(allowance.share(begin, 12, &accounts(0, 0)), [6, 6], "the limit of all");
        assert_eq!(allowance.share(begin, 3, &accounts(0, 0)), [2, 1]);
        // Four were killed and no event was read.
        assert_eq!(allowance.share(begin, 12, &accounts(4, 0)), [4, 4]);
        assert_eq!(allowance.share(begin, 30, &accounts(4, 0)), [6, 10]);
        for _ in 0..4 {
            assert!(allowance.take(begin, 30, 0, 10));
            allowance.note(0);
        }
        assert_eq!(allowance.share(begin, 30, &accounts(4, 0)), [6, 10], "each counts once");
        assert_eq!(allowance.noted(), 4);
        // One more, whose event was lost: it counts for a minute.
        assert_eq!(allowance.share(begin, 30, &accounts(5, 0)), [5, 10]);
        assert_eq!(allowance.share(begin + MINUTE, 30, &accounts(5, 0)), [10, 10]);
    }
}

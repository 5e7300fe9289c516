//! The bytes that the texts of all processes may take: arguments, environments, paths.
//!
//! Texts are shared between processes, so what they take is counted anew only when so much has been read
//! that it may have grown over its bound.

use std::sync::Arc;

use super::container::Cgroups;
use super::{State, Text, Thread, empty};

/// The most that texts of processes take, in bytes.
const MOST: usize = 256 * 1024 * 1024;

/// Control groups that take more go where room is needed, in bytes.
const LONGEST_GROUPS: usize = 4096;

/// What was read since texts were counted.
#[derive(Debug)]
pub(crate) struct Budget {
    most: usize,
    read: usize,
    /// Texts had to go.
    exceeded: bool,
}

impl Budget {
    /// The bound, where texts had to go.
    pub(super) fn exceeded(&self) -> Option<usize> {
        self.exceeded.then_some(self.most)
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self { most: MOST, read: 0, exceeded: false }
    }
}

/// What a thread's texts take: its share of those that others have too.
fn cost(thread: &Thread) -> usize {
    let share = |text: &Text| text.len() / Arc::strong_count(text).max(1);
    let texts = [
        &thread.comm,
        &thread.exe,
        &thread.exepath,
        &thread.args,
        &thread.env,
        &thread.cwd,
        &thread.root,
    ];
    let entry = thread.entry.as_ref().map_or(0, |entry| entry.size());
    texts.into_iter().map(share).sum::<usize>()
        + thread.cgroups.size() / Arc::strong_count(&thread.cgroups).max(1)
        + entry
}

impl State {
    /// So many bytes were read that may have become texts of processes.
    pub(crate) fn has_read(&mut self, bytes: usize) {
        self.budget.read = self.budget.read.saturating_add(bytes);
        if self.budget.read >= self.budget.most / 2 {
            self.budget.read = 0;
            self.keep_within();
        }
    }

    /// Takes the texts of those processes away of which nothing was heard for longest, until half of
    /// the bound is free.
    fn keep_within(&mut self) {
        let mut costs: Vec<(u64, i64, usize)> = self
            .threads
            .iter()
            .map(|thread| (thread.last_time, thread.tid, cost(thread)))
            .collect();
        let mut all: usize = costs.iter().map(|(.., cost)| cost).sum();
        if all <= self.budget.most {
            return;
        }
        self.budget.exceeded = true;
        costs.sort_unstable();
        for (_, tid, _) in costs {
            if all <= self.budget.most / 2 {
                break;
            }
            let place = self.threads.find(tid);
            let Some(thread) = place.and_then(|place| self.threads.get_mut(place)) else {
                continue;
            };
            all = all.saturating_sub(thread.forget());
        }
    }
}

impl Thread {
    /// Forgets the texts that may be long, and says how much that gives back.
    fn forget(&mut self) -> usize {
        let before = cost(self);
        for text in [
            &mut self.args,
            &mut self.env,
            &mut self.cwd,
            &mut self.root,
            &mut self.exe,
            &mut self.exepath,
        ] {
            *text = empty();
        }
        // Which container it is in stays known, but for groups that no machine has.
        if self.cgroups.size() > LONGEST_GROUPS {
            self.cgroups = Cgroups::none();
        }
        self.entry = None;
        before.saturating_sub(cost(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_quiet_processes_go_first() {
        let mut state = State::new(0);
        state.budget.most = 10_000;
        for tid in 1..=20 {
            let mut thread = Thread::new(tid);
            thread.last_time = tid.cast_unsigned();
            thread.env = Text::from(vec![b'x'; 1000]);
            state.threads.add(thread, 0);
        }
        state.has_read(4_999);
        assert!(!state.budget.exceeded);
        state.has_read(1);
        assert!(state.budget.exceeded);
        let kept = |tid| !state.threads.by_tid(tid).unwrap().env.is_empty();
        assert!(!kept(1) && !kept(15) && kept(16) && kept(20));
        assert!(state.lost().unwrap().contains("10000 bytes"));
    }

    #[test]
    fn what_processes_share_counts_once() {
        let mut state = State::new(0);
        state.budget.most = 10_000;
        let shared = Text::from(vec![b'x'; 5000]);
        for tid in 1..=20 {
            let mut thread = Thread::new(tid);
            thread.env = Arc::clone(&shared);
            state.threads.add(thread, 0);
        }
        state.has_read(10_000);
        assert!(!state.budget.exceeded);
    }
}

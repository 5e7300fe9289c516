//! The table of threads: by number, by process, by parent.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::thread::{CLONE_FILES, CLOSED, Place, Thread};

/// The most threads that are kept.
pub(super) const MOST: usize = 262_144;
/// Threads without an event for so long may go when the table is full, in nanoseconds.
const IDLE: u64 = 30 * 60 * 1_000_000_000;
/// How many generations are looked at before the family is called endless.
pub(crate) const MOST_ANCESTORS: usize = 4096;

/// The threads of a machine.
#[derive(Debug, Default)]
pub(crate) struct Threads {
    by_tid: HashMap<i64, u32, RandomState>,
    slots: Vec<Option<Thread>>,
    free: Vec<u32>,
    groups: HashMap<i64, Group, RandomState>,
    last: Option<(i64, u32)>,
    /// Threads that there was no room for.
    pub(crate) refused: u64,
    purged_at: u64,
}

/// The threads of a process.
#[derive(Debug, Default)]
struct Group {
    alive: u32,
    reaper: bool,
    members: Vec<u32>,
}

impl Threads {
    pub(crate) fn find(&self, tid: i64) -> Option<Place> {
        if let Some((last, place)) = self.last
            && last == tid
        {
            return Some(Place(place));
        }
        self.by_tid.get(&tid).copied().map(Place)
    }

    /// Finds the thread of an event, and remembers it for the next.
    pub(crate) fn find_for_event(&mut self, tid: i64) -> Option<Place> {
        let found = self.find(tid)?;
        self.last = Some((tid, found.0));
        Some(found)
    }

    pub(crate) fn get(&self, place: Place) -> Option<&Thread> {
        self.slots.get(place.0 as usize)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, place: Place) -> Option<&mut Thread> {
        self.slots.get_mut(place.0 as usize)?.as_mut()
    }

    pub(crate) fn by_tid(&self, tid: i64) -> Option<&Thread> {
        self.get(self.find(tid)?)
    }

    pub(crate) fn len(&self) -> usize {
        self.by_tid.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Thread> {
        self.slots.iter().flatten()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Thread> {
        self.slots.iter_mut().flatten()
    }

    pub(crate) fn places(&self) -> Vec<Place> {
        let used = self.slots.iter().enumerate().filter(|(_, slot)| slot.is_some());
        used.filter_map(|(at, _)| u32::try_from(at).ok()).map(Place).collect()
    }

    /// The first thread of a thread's process.
    pub(crate) fn main(&self, place: Place) -> Option<Place> {
        let thread = self.get(place)?;
        if thread.is_main() {
            return Some(place);
        }
        thread.links.group?;
        let first = *self.groups.get(&thread.pid)?.members.first()?;
        let first = Place(first);
        self.get(first).filter(|thread| thread.is_main()).map(|_| first)
    }

    pub(crate) fn main_thread(&self, place: Place) -> Option<&Thread> {
        self.get(self.main(place)?)
    }

    /// The thread whose table of open files a thread uses.
    pub(crate) fn owner(&self, place: Place) -> Option<Place> {
        let thread = self.get(place)?;
        if thread.has(CLONE_FILES) { self.main(place) } else { Some(place) }
    }

    /// How many threads a thread's process has.
    pub(crate) fn alive(&self, thread: &Thread) -> u32 {
        let grouped = thread.links.group.and_then(|_| self.groups.get(&thread.pid));
        grouped.map_or(0, |group| group.alive)
    }

    pub(crate) fn set_reaper(&mut self, pid: i64, reaper: bool) {
        if let Some(group) = self.groups.get_mut(&pid) {
            group.reaper = reaper;
        }
    }

    /// The other threads of a process.
    pub(crate) fn members(&self, thread: &Thread) -> Vec<i64> {
        let group = thread.links.group.and_then(|_| self.groups.get(&thread.pid));
        let members = group.map_or(&[][..], |group| &group.members);
        members.iter().filter_map(|at| self.get(Place(*at))).map(|thread| thread.tid).collect()
    }

    /// The process of a thread's ancestor: 0 is its own, 1 its parent's.
    pub(crate) fn ancestor(&self, place: Place, generations: u64) -> Option<Place> {
        let mut at = self.main(place)?;
        for _ in 0..generations.min(MOST_ANCESTORS as u64) {
            at = self.main(self.find(self.get(at)?.ptid)?)?;
        }
        (generations <= MOST_ANCESTORS as u64).then_some(at)
    }

    /// The parents of a thread, the nearest first, until one comes again.
    pub(crate) fn parents(&self, place: Place) -> impl Iterator<Item = &Thread> {
        let parent = |thread: &Thread| self.find(thread.ptid);
        let mut slow = self.get(place).and_then(parent);
        let mut fast = slow.and_then(|at| self.get(at)).and_then(parent);
        let mut left = MOST_ANCESTORS;
        std::iter::from_fn(move || {
            let given = self.get(slow?).filter(|thread| thread.tid != -1)?;
            left = left.checked_sub(1)?;
            slow = parent(given);
            for _ in 0..2 {
                fast = fast.and_then(|at| self.get(at)).and_then(parent);
                let itself = slow.and_then(|at| self.get(at)).is_some_and(|it| it.tid == it.ptid);
                if slow.is_some() && (slow == fast || itself) {
                    slow = None;
                    break;
                }
            }
            Some(given)
        })
    }

    /// Adds a thread in place of one with its number; none where there is no room.
    pub(crate) fn add(&mut self, thread: Thread, now: u64) -> Option<Place> {
        if self.by_tid.contains_key(&thread.tid) {
            self.remove_entry(thread.tid);
        }
        if self.len() >= MOST {
            self.purge(now);
        }
        if self.len() >= MOST {
            self.refused += 1;
            return None;
        }
        let tid = thread.tid;
        let place = match self.free.pop() {
            Some(place) => place,
            None => u32::try_from(self.slots.len()).ok()?,
        };
        match self.slots.get_mut(place as usize) {
            Some(slot) => *slot = Some(thread),
            None => self.slots.push(Some(thread)),
        }
        self.by_tid.insert(tid, place);
        self.last = None;
        Some(Place(place))
    }

    /// Puts a thread into its group and to its parent's children.
    pub(crate) fn link(&mut self, place: Place) {
        let Some(thread) = self.get(place) else { return };
        if thread.is_invalid() || thread.links.group.is_some() {
            return;
        }
        let (pid, parent) = (thread.pid, thread.ptid);
        let (main, reaper) = (thread.is_main(), thread.pid == 1 || thread.vpid == 1);
        let fresh = !self.groups.contains_key(&pid);
        let group = self.groups.entry(pid).or_default();
        group.alive += 1;
        if fresh {
            group.reaper = reaper;
        }
        let mut at = group.members.len();
        group.members.push(place.0);
        let moved = if main && at > 0 {
            group.members.swap(0, at);
            let moved = group.members.last().copied().map(|moved| (moved, at));
            at = 0;
            moved
        } else {
            None
        };
        if let Some((moved, to)) = moved
            && let Some(thread) = self.get_mut(Place(moved))
        {
            thread.links.group = u32::try_from(to).ok();
        }
        if let Some(thread) = self.get_mut(place) {
            thread.links.group = u32::try_from(at).ok();
        }
        if pid == 1 {
            return;
        }
        let parent = self.find(parent);
        match parent.filter(|at| self.get(*at).is_some_and(|parent| !parent.is_invalid())) {
            Some(parent) if parent != place => self.adopt(parent, place),
            _ => {
                if let Some(thread) = self.get_mut(place) {
                    thread.ptid = 0;
                }
            }
        }
    }

    /// Makes a thread a child of another.
    fn adopt(&mut self, parent: Place, child: Place) {
        self.orphan(child);
        let Some(parent_thread) = self.get_mut(parent) else { return };
        let tid = parent_thread.tid;
        let next = parent_thread.links.child.replace(child.0);
        if let Some(next) = next
            && let Some(next) = self.get_mut(Place(next))
        {
            next.links.previous = Some(child.0);
        }
        if let Some(child) = self.get_mut(child) {
            child.ptid = tid;
            child.links.parent = Some(parent.0);
            child.links.next = next;
            child.links.previous = None;
        }
    }

    /// Takes a thread away from its parent's children.
    fn orphan(&mut self, child: Place) {
        let Some(thread) = self.get_mut(child) else { return };
        let (parent, next, previous) =
            (thread.links.parent.take(), thread.links.next.take(), thread.links.previous.take());
        if let Some(next) = next
            && let Some(next) = self.get_mut(Place(next))
        {
            next.links.previous = previous;
        }
        if let Some(previous) = previous {
            if let Some(previous) = self.get_mut(Place(previous)) {
                previous.links.next = next;
            }
        } else if let Some(parent) = parent
            && let Some(parent) = self.get_mut(Place(parent))
        {
            parent.links.child = next;
        }
    }

    /// Marks a thread as gone; it stays until it is removed.
    pub(crate) fn mark_dead(&mut self, place: Place) {
        let Some(thread) = self.get_mut(place) else { return };
        if thread.is_dead() {
            return;
        }
        thread.flags |= CLOSED;
        let (grouped, pid) = (thread.links.group.is_some(), thread.pid);
        if grouped && let Some(group) = self.groups.get_mut(&pid) {
            group.alive = group.alive.saturating_sub(1);
        }
    }

    /// A first thread that was gone runs another program.
    pub(crate) fn resurrect(&mut self, place: Place) {
        let Some(thread) = self.get_mut(place) else { return };
        thread.flags &= !CLOSED;
        let (grouped, pid) = (thread.links.group.is_some(), thread.pid);
        if grouped && let Some(group) = self.groups.get_mut(&pid) {
            group.alive += 1;
        }
    }

    /// Removes a thread that is gone. The first of a process stays as long as others are there.
    pub(crate) fn remove(&mut self, tid: i64) {
        let Some(place) = self.find(tid) else { return };
        let Some(thread) = self.get(place) else { return };
        if thread.is_invalid() || thread.links.group.is_none() {
            self.remove_entry(tid);
            return;
        }
        let (pid, main) = (thread.pid, thread.is_main());
        self.mark_dead(place);
        if self.get(place).is_some_and(|thread| thread.links.child.is_some()) {
            self.give_away_children(place);
        }
        if self.groups.get(&pid).is_some_and(|group| group.alive == 0) {
            // The first may have been gone for longer.
            if !main {
                self.remove_entry(pid);
            }
            self.remove_entry(tid);
        } else if !main {
            self.remove_entry(tid);
        }
    }

    fn give_away_children(&mut self, place: Place) {
        let Some(thread) = self.get(place) else { return };
        let (pid, reaper) = (thread.pid, thread.reaper);
        let told = (reaper > 0).then(|| self.find(reaper)).flatten();
        let told = told
            .filter(|at| *at != place && self.get(*at).is_some_and(|thread| !thread.is_invalid()));
        let reaper = told.or_else(|| self.new_reaper(place)).filter(|at| *at != place);
        if let Some(reaper) = reaper.and_then(|at| self.get(at)) {
            let (tid, reaper_pid) = (reaper.tid, reaper.pid);
            if reaper_pid != pid {
                self.set_reaper(reaper_pid, true);
            }
            if let Some(thread) = self.get_mut(place) {
                thread.reaper = tid;
            }
        }
        while let Some(child) = self.get(place).and_then(|thread| thread.links.child) {
            let child = Place(child);
            match reaper {
                Some(reaper) if reaper != child => self.adopt(reaper, child),
                _ => {
                    self.orphan(child);
                    if let Some(child) = self.get_mut(child) {
                        child.ptid = 0;
                    }
                }
            }
        }
    }

    /// Who takes over children: another thread of the process, else an ancestor that reaps.
    fn new_reaper(&self, place: Place) -> Option<Place> {
        let thread = self.get(place)?;
        let living = |pid: i64, but: Option<Place>| {
            let group = self.groups.get(&pid).filter(|group| group.alive > 0)?;
            let mut members = group.members.iter().copied().map(Place);
            members.find(|at| {
                Some(*at) != but && self.get(*at).is_some_and(|thread| !thread.is_dead())
            })
        };
        if let Some(other) = living(thread.pid, Some(place)) {
            return Some(other);
        }
        let inside = thread.in_pid_namespace();
        for parent in self.parents(place) {
            if parent.in_pid_namespace() != inside {
                break;
            }
            let group = parent.links.group.and_then(|_| self.groups.get(&parent.pid));
            if group.is_some_and(|group| group.reaper)
                && let Some(found) = living(parent.pid, None)
            {
                return Some(found);
            }
        }
        None
    }

    /// Takes a thread out of the table and of every list.
    fn remove_entry(&mut self, tid: i64) {
        let Some(at) = self.by_tid.remove(&tid) else { return };
        self.last = None;
        let place = Place(at);
        self.orphan(place);
        while let Some(child) = self.get(place).and_then(|thread| thread.links.child) {
            self.orphan(Place(child));
        }
        let Some(thread) = self.slots.get_mut(at as usize).and_then(Option::take) else { return };
        self.free.push(at);
        let Some(seat) = thread.links.group else { return };
        let Some(group) = self.groups.get_mut(&thread.pid) else { return };
        if !thread.is_dead() {
            group.alive = group.alive.saturating_sub(1);
        }
        if (seat as usize) < group.members.len() {
            group.members.swap_remove(seat as usize);
        }
        let moved = group.members.get(seat as usize).copied();
        if group.members.is_empty() {
            self.groups.remove(&thread.pid);
        }
        if let Some(moved) = moved.and_then(|moved| self.get_mut(Place(moved))) {
            moved.links.group = Some(seat);
        }
    }

    /// Makes room: threads that are gone, or without an event for long.
    fn purge(&mut self, now: u64) {
        // Once a second of the capture: a full table is looked through each time.
        if now.abs_diff(self.purged_at) < 1_000_000_000 {
            return;
        }
        self.purged_at = now;
        let old: Vec<i64> = self
            .iter()
            .filter(|thread| {
                thread.is_dead()
                    || thread.is_invalid()
                    || now.saturating_sub(thread.last_time) > IDLE
            })
            .map(|thread| thread.tid)
            .collect();
        for tid in old {
            self.remove(tid);
        }
    }
}

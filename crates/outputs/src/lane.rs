//! A channel with a thread and a queue of its own: one that is slow or hangs holds up nobody else.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use plimsoll_runtime::alert::Alert;

use crate::{Channel, Notice, Overflow};

/// How much text of alerts may wait for one channel, in bytes.
const MAX_BYTES: usize = 32 << 20;
/// How often it is told at most that a queue is full.
const PAUSE: Duration = Duration::from_secs(1);

/// An alert, and it as the settings want it written.
pub(crate) struct Item {
    pub(crate) alert: Alert,
    pub(crate) line: String,
}

impl Item {
    /// About how much memory it holds.
    fn size(&self) -> usize {
        let fields = self.alert.fields.len().saturating_mul(64);
        self.line.len().saturating_mul(3).saturating_add(fields).saturating_add(512)
    }
}

/// Told of what did not arrive, by whatever thread sees it.
pub(crate) type Tell = Arc<dyn Fn(&'static str, Notice<'_>) + Send + Sync>;

/// What sender and thread share.
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, not a step of one way"
)]
struct State {
    waiting: VecDeque<Arc<Item>>,
    bytes: usize,
    /// An alert is being handed over, or what is held back is.
    is_busy: bool,
    /// Nothing more comes.
    is_closed: bool,
    /// Nobody waits for the rest any more.
    is_given_up: bool,
    /// The thread has ended.
    has_ended: bool,
    /// How many alerts were handed over, or failed.
    done: u64,
    lost: u64,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'s>(&self, state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_for<'s>(&self, state: MutexGuard<'s, State>, time: Duration) -> MutexGuard<'s, State> {
        let waited = self.changed.wait_timeout(state, time);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Says that the thread is gone, also where a channel panics.
struct Ended(Arc<Shared>);

impl Drop for Ended {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.has_ended = true;
        if !state.is_given_up {
            let left = state.waiting.len().saturating_add(usize::from(state.is_busy));
            state.lost = state.lost.saturating_add(u64::try_from(left).unwrap_or(u64::MAX));
        }
        state.waiting.clear();
        state.is_busy = false;
        drop(state);
        self.0.changed.notify_all();
    }
}

/// A channel that is sent to by a thread.
pub(crate) struct Lane {
    name: &'static str,
    shared: Arc<Shared>,
    capacity: usize,
    overflow: Overflow,
    /// How many found no room since that was told.
    untold: u64,
    told: Option<Instant>,
}

impl Lane {
    pub(crate) fn start(
        mut channel: Box<dyn Channel>,
        capacity: usize,
        overflow: Overflow,
        tell: Tell,
    ) -> io::Result<Self> {
        let name = channel.name();
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new() });
        let ended = Ended(Arc::clone(&shared));
        let run = move || {
            let Ended(shared) = &ended;
            while let Some(item) = next(shared) {
                let sent = channel.send(&item.alert, &item.line);
                if let Err(error) = &sent {
                    tell(name, Notice::Failed(error));
                }
                finish(shared, u64::from(sent.is_err()));
            }
            if let Err(error) = channel.flush() {
                tell(name, Notice::Held(&error));
            }
        };
        std::thread::Builder::new().name(format!("to {name}")).spawn(run)?;
        Ok(Self { name, shared, capacity: capacity.max(1), overflow, untold: 0, told: None })
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Puts an alert into the queue.
    pub(crate) fn push(&mut self, item: &Arc<Item>, tell: &Tell) {
        let size = item.size();
        let mut state = self.shared.state();
        loop {
            let has_room = state.waiting.is_empty()
                || state.waiting.len() < self.capacity
                    && state.bytes.saturating_add(size) <= MAX_BYTES;
            if has_room && !state.has_ended {
                state.bytes = state.bytes.saturating_add(size);
                state.waiting.push_back(Arc::clone(item));
                drop(state);
                self.shared.changed.notify_all();
                return;
            }
            if self.overflow == Overflow::Drop || state.has_ended {
                break;
            }
            state = self.shared.wait(state);
        }
        state.lost = state.lost.saturating_add(1);
        drop(state);
        self.untold = self.untold.saturating_add(1);
        tell(self.name, Notice::NoRoom);
        if self.told.is_none_or(|told| told.elapsed() >= PAUSE) {
            self.tell_full(tell);
        }
    }

    fn tell_full(&mut self, tell: &Tell) {
        if self.untold > 0 {
            tell(self.name, Notice::Full(std::mem::take(&mut self.untold)));
            self.told = Some(Instant::now());
        }
    }

    /// Nothing more comes.
    pub(crate) fn close(&mut self, tell: &Tell) {
        self.tell_full(tell);
        self.shared.state().is_closed = true;
        self.shared.changed.notify_all();
    }

    /// Waits until what waits was handed over; false where it was not by then.
    pub(crate) fn settle(&self, until: Deadline) -> bool {
        let mut state = self.shared.state();
        let mut done = state.done;
        let mut since = Instant::now();
        while !state.has_ended && (state.is_closed || state.is_busy || !state.waiting.is_empty()) {
            if state.done != done {
                (done, since) = (state.done, Instant::now());
            }
            let left = match until {
                Deadline::At(time) => time.saturating_duration_since(Instant::now()),
                Deadline::Idle(time) => time.saturating_sub(since.elapsed()),
            };
            if left.is_zero() {
                return false;
            }
            state = self.shared.wait_for(state, left);
        }
        true
    }

    /// Waits no longer: what was not handed over yet is lost.
    pub(crate) fn give_up(&self, tell: &Tell) {
        let mut state = self.shared.state();
        let left = state.waiting.len().saturating_add(usize::from(state.is_busy));
        let left = u64::try_from(left).unwrap_or(u64::MAX);
        state.waiting.clear();
        state.is_given_up = true;
        state.lost = state.lost.saturating_add(left);
        drop(state);
        if left > 0 {
            tell(self.name, Notice::GivenUp(left));
        }
    }

    /// How many alerts did not arrive.
    pub(crate) fn lost(&self) -> u64 {
        self.shared.state().lost
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.shared.state().is_closed = true;
        self.shared.changed.notify_all();
    }
}

/// Until when it is waited.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Deadline {
    /// This time.
    At(Instant),
    /// So long after the last alert that was handed over.
    Idle(Duration),
}

/// The next alert; none where no more will come.
fn next(shared: &Shared) -> Option<Arc<Item>> {
    let mut state = shared.state();
    loop {
        if let Some(item) = state.waiting.pop_front() {
            state.bytes = state.bytes.saturating_sub(item.size());
            state.is_busy = true;
            drop(state);
            shared.changed.notify_all();
            return Some(item);
        }
        if state.is_closed {
            return None;
        }
        state = shared.wait(state);
    }
}

fn finish(shared: &Shared, lost: u64) {
    let mut state = shared.state();
    state.is_busy = false;
    state.done = state.done.saturating_add(1);
    // What was given up is counted already.
    if !state.is_given_up {
        state.lost = state.lost.saturating_add(lost);
    }
    drop(state);
    shared.changed.notify_all();
}

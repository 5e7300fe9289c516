//! What becomes of alerts once they are raised: grouped, limited in rate, handed to the outputs. Whoever
//! judges waits for none of it while a machine is watched.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::Context;
use plimsoll_outputs::{Groups, Limit, Metrics, Notice, Outputs, Overflow, Settings};
use plimsoll_runtime::alert::Alert;

use super::{MAX_MESSAGES, drops};
use crate::exit::tell;

/// How often it is looked whether a group is to be told, whether or not anything happens.
const TICK: Duration = Duration::from_millis(250);
/// How long outputs may take for what waits when the watch of a machine ends.
const END: Duration = Duration::from_secs(5);
/// How long no alert of a capture may arrive until the rest is given up.
const STANDSTILL: Duration = Duration::from_mins(1);

/// The time of the machine, in nanoseconds since 1970.
pub(super) fn now() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
}

/// Groups, the rate and the outputs.
pub(super) struct Teller {
    state: Arc<Mutex<State>>,
    /// A machine is watched.
    is_live: bool,
    groups: bool,
    over: Arc<AtomicBool>,
    /// How much went wrong with outputs beside alerts that did not arrive.
    held: Arc<AtomicU64>,
}

struct State {
    groups: Groups,
    limit: Limit,
    outputs: Outputs,
    metrics: Option<Arc<Metrics>>,
    ready: Vec<Alert>,
    full: Full,
    host: String,
}

/// Outputs that had no room, and for how many alerts.
type Full = Arc<Mutex<Vec<(&'static str, u64)>>>;

impl Teller {
    /// `group` is in seconds.
    pub(super) fn new(
        settings: &Settings,
        group: u64,
        is_live: bool,
        metrics: Option<&Arc<Metrics>>,
        host: &str,
    ) -> anyhow::Result<Self> {
        let (held, full) = (Arc::new(AtomicU64::new(0)), Full::default());
        let overflow = if is_live { Overflow::Drop } else { Overflow::Wait };
        let notices = notices(metrics.cloned(), Arc::clone(&held), Arc::clone(&full));
        let outputs = Outputs::new(settings, overflow, notices)?;
        let state = Arc::new(Mutex::new(State {
            groups: Groups::new(group.saturating_mul(1_000_000_000)),
            limit: Limit::new(settings.outputs),
            outputs,
            metrics: metrics.cloned(),
            ready: Vec::new(),
            full,
            host: host.to_owned(),
        }));
        let own = Self { state, is_live, groups: group > 0, over: Arc::default(), held };
        if own.is_live && own.groups {
            own.tick()?;
        }
        Ok(own)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }

    /// Tells what groups have counted when their time is over, also where no event comes.
    fn tick(&self) -> anyhow::Result<()> {
        let (state, over) = (Arc::clone(&self.state), Arc::clone(&self.over));
        let run = move || {
            while !over.load(Ordering::Relaxed) {
                std::thread::sleep(TICK);
                locked(&state).close(now());
            }
        };
        let thread = std::thread::Builder::new().name("groups".to_owned()).spawn(run);
        thread.map(|_| ()).context("cannot start a thread")
    }

    /// An event of this time was read.
    pub(super) fn is_now(&self, time: u64) {
        if self.groups && !self.is_live {
            self.state().close(time);
        }
    }

    /// An alert was raised.
    pub(super) fn take(&self, alert: Alert) {
        self.state().take(alert);
    }

    /// The same for another thread.
    #[cfg(target_os = "linux")]
    pub(super) fn taking(&self) -> impl Fn(Alert) + Send + 'static {
        let state = Arc::clone(&self.state);
        move |alert| locked(&state).take(alert)
    }

    /// Hands over an alert that is not grouped.
    pub(super) fn send(&self, alert: Alert) {
        let mut state = self.state();
        state.ready.push(alert);
        state.send_ready();
    }

    /// Hands over what is left and says what did not arrive; how much that is.
    pub(super) fn end(&self) -> u64 {
        self.over.store(true, Ordering::Relaxed);
        let mut state = self.state();
        let State { groups, ready, .. } = &mut *state;
        groups.end(ready);
        state.send_ready();
        if self.is_live {
            state.outputs.end_within(END);
        } else {
            state.outputs.end_when_idle(STANDSTILL);
        }
        let mut failures = self.held.load(Ordering::Relaxed);
        for (channel, lost) in state.outputs.lost() {
            failures = failures.saturating_add(lost);
            tell(&format!("error: {channel}: {lost} alerts did not arrive"));
        }
        if state.limit.held() > 0 {
            tell(&format!("warning: {} alerts were over the rate", state.limit.held()));
        }
        failures
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn take(&mut self, alert: Alert) {
        self.groups.take(alert, &mut self.ready);
        self.send_ready();
    }

    fn close(&mut self, time: u64) {
        self.groups.close(time, &mut self.ready);
        self.send_ready();
    }

    fn send_ready(&mut self) {
        for alert in self.ready.drain(..) {
            if self.limit.passes(alert.time) {
                self.outputs.send(alert);
            } else {
                self.metrics.iter().for_each(|metrics| metrics.limited());
            }
        }
        let full = std::mem::take(&mut *self.full.lock().unwrap_or_else(PoisonError::into_inner));
        for (output, alerts) in full {
            let alert = drops::full(output, alerts, now(), &self.host);
            self.outputs.send_but(alert, Some(output));
        }
    }
}

/// Says what outputs say, the first few times, and counts it.
fn notices(
    metrics: Option<Arc<Metrics>>,
    held: Arc<AtomicU64>,
    full: Full,
) -> impl Fn(&'static str, Notice<'_>) + Send + Sync {
    let failures = AtomicU64::new(0);
    move |channel, notice| match notice {
        Notice::Failed(error) => {
            if let Some(metrics) = &metrics {
                metrics.undelivered(channel, 1);
            }
            if failures.fetch_add(1, Ordering::Relaxed) < MAX_MESSAGES {
                tell(&format!("error: {channel}: {error}"));
            }
        }
        Notice::Held(error) => {
            held.fetch_add(1, Ordering::Relaxed);
            tell(&format!("error: {channel}: {error}"));
        }
        Notice::NoRoom => metrics.iter().for_each(|metrics| metrics.no_room(channel)),
        Notice::Full(alerts) => {
            tell(&format!("error: {channel}: {alerts} alerts dropped, because its queue is full"));
            full.lock().unwrap_or_else(PoisonError::into_inner).push((channel, alerts));
        }
        Notice::GivenUp(alerts) => {
            if let Some(metrics) = &metrics {
                metrics.undelivered(channel, alerts);
            }
            tell(&format!("error: {channel}: {alerts} alerts were not taken in time"));
        }
    }
}

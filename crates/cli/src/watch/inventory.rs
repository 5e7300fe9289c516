//! `plimsoll serve` is told which containers run here, so that their images are read before all others and
//! count in its coverage.
//!
//! What is told is always the whole of it, so that only the newest need wait: a server that is slow or hangs
//! holds up a thread of its own and nobody else.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context;
use plimsoll_runtime::syscall::{RunningContainer, SystemCall};
use serde_json::{Value, json};

use super::MAX_MESSAGES;
use crate::exit::tell;
use crate::service::Service;

/// How often it is looked which containers run.
const INTERVAL: Duration = Duration::from_secs(2);
/// So many events are judged before the clock is looked at again.
const EVENTS: u32 = 32;
/// How often it is told that nothing has changed.
const AGAIN: Duration = Duration::from_mins(5);
/// The shortest and the longest pause after a failure.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));
/// How long the server may take for what waits at the end.
const END: Duration = Duration::from_secs(5);
/// The most containers of a capture that are kept.
const MOST: usize = 16_384;

/// What runs, and who is told.
pub(super) struct Inventory {
    shared: Arc<Shared>,
    place: String,
    /// A machine is watched; what a capture tells of has ended long ago, and all of it counts.
    is_live: bool,
    seen: BTreeMap<String, RunningContainer>,
    told: Option<Instant>,
    looked: Instant,
    events: u32,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Option<Vec<u8>>,
    is_busy: bool,
    is_closed: bool,
    /// Nobody waits for the answer any more.
    is_given_up: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_for<'s>(&self, state: MutexGuard<'s, State>, time: Duration) -> MutexGuard<'s, State> {
        self.changed.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner).0
    }

    /// What is to be told next; nothing at the end.
    fn next(&self) -> Option<Vec<u8>> {
        let mut state = self.state();
        loop {
            if let Some(next) = state.waiting.take() {
                state.is_busy = true;
                return Some(next);
            }
            if state.is_closed {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// After a failure: the same again, unless there is something newer.
    fn again(&self, body: Vec<u8>, pause: Duration) {
        let mut state = self.state();
        state.waiting.get_or_insert(body);
        let until = Instant::now().checked_add(pause);
        while let Some(left) = until.and_then(|it| it.checked_duration_since(Instant::now())) {
            if state.is_closed {
                break;
            }
            state = self.wait_for(state, left);
        }
        state.is_busy = false;
    }
}

impl Inventory {
    /// Tells the server at `address` what runs in `place`.
    pub(super) fn start(address: &str, place: &str, is_live: bool) -> anyhow::Result<Self> {
        let service = Service::at(address, None)?;
        let shared: Arc<Shared> = Arc::default();
        let ours = Arc::clone(&shared);
        let run = move || send(&service, &ours);
        let thread = std::thread::Builder::new().name("inventory".to_owned()).spawn(run);
        Ok(Self {
            shared,
            place: place.to_owned(),
            is_live,
            seen: BTreeMap::new(),
            told: None,
            looked: Instant::now(),
            events: 0,
            thread: Some(thread.context("cannot start a thread")?),
        })
    }

    /// An event was judged.
    pub(super) fn look(&mut self, call: &SystemCall<'_>) {
        if !self.is_live {
            self.note(call);
            return;
        }
        self.events = self.events.wrapping_add(1);
        let is_due = self.told.is_none() || self.looked.elapsed() >= INTERVAL;
        if !self.events.is_multiple_of(EVENTS) || !is_due {
            return;
        }
        self.looked = Instant::now();
        let all = call.running_containers().into_iter();
        let now: BTreeMap<String, RunningContainer> =
            all.filter(RunningContainer::has_image).map(|it| (it.id.clone(), it)).collect();
        if now != self.seen || self.told.is_none_or(|told| told.elapsed() >= AGAIN) {
            self.seen = now;
            self.tell();
        }
    }

    fn note(&mut self, call: &SystemCall<'_>) {
        let Some(id) = call.container_number() else { return };
        let is_known = self.seen.get(id).is_some_and(RunningContainer::has_image);
        if !is_known
            && self.seen.len() < MOST
            && let Some(found) = call.container()
        {
            self.seen.insert(id.to_owned(), found);
        }
    }

    fn tell(&mut self) {
        let all: Vec<Value> =
            self.seen.values().filter(|it| it.has_image()).map(container).collect();
        let body = json!({"place": self.place, "containers": all}).to_string().into_bytes();
        self.told = Some(Instant::now());
        self.shared.state().waiting = Some(body);
        self.shared.changed.notify_all();
    }

    /// Tells what was not told yet; whether it arrived.
    pub(super) fn end(mut self) -> bool {
        if !self.is_live {
            self.tell();
        }
        let until = Instant::now().checked_add(END);
        let mut state = self.shared.state();
        while (state.waiting.is_some() || state.is_busy)
            && let Some(left) = until.and_then(|it| it.checked_duration_since(Instant::now()))
        {
            state = self.shared.wait_for(state, left);
        }
        let has_arrived = state.waiting.is_none() && !state.is_busy;
        state.is_closed = true;
        state.is_given_up = !has_arrived;
        state.waiting = None;
        drop(state);
        self.shared.changed.notify_all();
        // One that is in the middle of a request ends with the process.
        if has_arrived && let Some(thread) = self.thread.take() {
            return thread.join().is_ok();
        }
        tell("error: the server was not told in time which containers run");
        false
    }
}

fn send(service: &Service, shared: &Shared) {
    let (mut pause, mut failures) = (PAUSES.0, 0_u64);
    while let Some(body) = shared.next() {
        let answer = service.post("/api/v1/running", body.clone());
        let why = match answer {
            Ok(answer) if answer.is_good() => None,
            Ok(answer) => Some(format!("{}: {}", service.shown(), answer.why())),
            Err(error) => Some(crate::exit::chain(&error)),
        };
        let Some(why) = why else {
            (pause, failures) = (PAUSES.0, 0);
            shared.state().is_busy = false;
            shared.changed.notify_all();
            continue;
        };
        failures = failures.saturating_add(1);
        if failures <= MAX_MESSAGES && !shared.state().is_given_up {
            tell(&format!("error: {why}"));
        }
        shared.again(body, pause);
        pause = pause.saturating_mul(2).min(PAUSES.1);
    }
}

/// A container in the words of the server.
fn container(it: &RunningContainer) -> Value {
    // Runtimes name an image by its number where it was pulled by digest.
    let image = if it.image.starts_with("sha256:") { "" } else { it.image.as_str() };
    let image_id = match (it.repository.as_str(), it.digest.as_str()) {
        (_, "") => String::new(),
        ("", digest) => digest.to_owned(),
        (repository, digest) => format!("{repository}@{digest}"),
    };
    if it.pod.is_empty() {
        let kind = if it.runtime.is_empty() { "container" } else { it.runtime.as_str() };
        return json!({"kind": kind, "name": it.name, "container": it.id,
            "image": image, "image_id": image_id});
    }
    let name = if it.container.is_empty() { &it.name } else { &it.container };
    json!({"namespace": it.namespace, "kind": "Pod", "name": it.pod, "container": name,
        "image": image, "image_id": image_id})
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use plimsoll_testkit::{Reply, Server};

    use super::*;

    fn running(id: &str) -> RunningContainer {
        RunningContainer { id: id.into(), image: "nginx:1".into(), ..RunningContainer::default() }
    }

    fn inventory(server: &Server) -> Inventory {
        Inventory::start(&format!("http://{}", server.host()), "here", false).unwrap()
    }

    #[test]
    fn what_runs_is_told_in_the_servers_words() {
        let digest = format!("sha256:{}", "ab".repeat(32));
        let docker = RunningContainer {
            runtime: "docker".into(),
            name: "web".into(),
            repository: "nginx".into(),
            digest: digest.clone(),
            ..running("0123456789ab")
        };
        assert_eq!(
            container(&docker),
            json!({"kind": "docker", "name": "web", "container": "0123456789ab",
                "image": "nginx:1", "image_id": format!("nginx@{digest}")})
        );
        let pod = RunningContainer {
            image: digest.clone(),
            repository: "ghcr.io/a/b".into(),
            digest: digest.clone(),
            namespace: "shop".into(),
            pod: "web-1".into(),
            container: "app".into(),
            ..running("1")
        };
        assert_eq!(
            container(&pod),
            json!({"namespace": "shop", "kind": "Pod", "name": "web-1", "container": "app",
                "image": "", "image_id": format!("ghcr.io/a/b@{digest}")})
        );
    }

    #[test]
    fn a_server_that_is_away_is_told_the_newest_when_it_is_back() {
        let server = Server::start(|request| {
            let status = if request.before == 0 { 503 } else { 200 };
            Reply::new(status, "{}")
        });
        let mut inventory = inventory(&server);
        inventory.seen.insert("1".into(), running("1"));
        inventory.tell();
        while server.requests().is_empty() {
            std::thread::sleep(Duration::from_millis(5));
        }
        inventory.seen.insert("2".into(), running("2"));
        assert!(inventory.end());
        let last: Value = serde_json::from_str(&server.requests().last().unwrap().body).unwrap();
        assert_eq!(last["containers"].as_array().unwrap().len(), 2, "{last}");
    }

    #[test]
    fn a_server_that_hangs_holds_up_nobody_and_is_named_at_the_end() {
        let server = Server::start(|_| Reply { hang_at: Some(0), ..Reply::new(200, "{}") });
        let mut inventory = inventory(&server);
        let began = Instant::now();
        for number in 0..1_000 {
            inventory.seen.insert("1".into(), running(&number.to_string()));
            inventory.tell();
        }
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        assert!(!inventory.end());
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        assert!(server.requests().len() <= 2, "only the newest waits");
    }
}

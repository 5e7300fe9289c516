//! What container runtimes say of containers, put into the stream before the events that are theirs.

mod containerd;
mod cri;
mod docker;
mod grpc;

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt::Debug;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::record::Framer;

/// Where Docker and podman listen, and the number that the container plugin has for each. `/var/run` is
/// `/run` by another name: no socket stands here twice.
const DOCKERS: [(&str, u64); 2] = [("/var/run/docker.sock", 0), ("/run/podman/podman.sock", 11)];
/// Where runtimes of Kubernetes listen.
const CRIS: [&str; 3] = [
    "/run/containerd/containerd.sock",
    "/run/crio/crio.sock",
    "/run/k3s/containerd/containerd.sock",
];
/// Where containerd listens, for what neither of them has made.
const CONTAINERDS: [&str; 2] =
    ["/run/containerd/containerd.sock", "/run/k3s/containerd/containerd.sock"];
/// A further runtime of Kubernetes, by the variable that `crictl` has for it: `unix:///run/…`.
const ENDPOINT: &str = "CONTAINER_RUNTIME_ENDPOINT";

/// A further Docker and a further podman, by the variables that their own clients have for them.
const HOSTS: [(&str, u64); 2] = [("DOCKER_HOST", 0), ("CONTAINER_HOST", 11)];

/// Who knows containers, those first that tell most: what Docker and Kubernetes make is containerd's too.
fn runtimes() -> Vec<Arc<dyn Runtime>> {
    let further = std::env::var(ENDPOINT).ok();
    let further = further.as_deref().map(|it| it.strip_prefix("unix://").unwrap_or(it));
    let mut all: Vec<Arc<dyn Runtime>> = Vec::new();
    for (variable, kind) in HOSTS {
        let named = std::env::var(variable).ok();
        if let Some(socket) = named.as_deref().and_then(|it| it.strip_prefix("unix://"))
            && !DOCKERS.iter().any(|(known, _)| *known == socket)
        {
            all.push(Arc::new(docker::Docker(socket.into(), kind)));
        }
    }
    for (socket, kind) in DOCKERS {
        all.push(Arc::new(docker::Docker(socket.into(), kind)));
    }
    for socket in further.into_iter().chain(CRIS) {
        all.push(Arc::new(cri::Cri(socket.into())));
    }
    for socket in further.into_iter().chain(CONTAINERDS) {
        all.push(Arc::new(containerd::Containerd(socket.into())));
    }
    all
}

/// A runtime that describes its containers in the words of the container plugin.
trait Runtime: Debug + Send + Sync {
    /// One container by the digits that control groups tell; none where it has none such.
    fn find(&self, id: &str, within: Duration) -> Option<String>;

    /// Every container that runs.
    fn all(&self) -> Vec<Description>;

    /// Tells of containers that come and go, as long as somebody listens.
    fn listen(&self, _answer: &Sender<Description>) {}
}

/// How long one runtime may take over one container: an answer that the stream no longer waits for is still
/// put into it.
const WITHIN: Duration = Duration::from_millis(500);
/// How long a runtime is not asked that took all of its time.
const REST: Duration = Duration::from_secs(2);
/// How long the list of all containers may take.
const LISTING: Duration = Duration::from_secs(2);
/// The most containers of a list.
const LISTED: usize = 4_096;
/// How much of a container's number is shown.
const SHOWN: usize = 12;
/// The longest label that the container plugin tells.
const LONGEST_LABEL: usize = 100;

/// How long the stream waits for a runtime to describe a container that is new to it.
const PATIENCE: Duration = Duration::from_millis(100);
/// The most that are remembered.
const MOST: usize = 16_384;

/// A description in the words of the container plugin, and the number that it is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The first twelve digits of its number.
    pub id: String,
    /// JSON: `{"container": …}`; none where no runtime knows it.
    pub json: Option<String>,
    /// It is there no longer.
    pub removed: bool,
}

/// Containers that the stream knows of.
pub(crate) struct Containers {
    ask: Sender<String>,
    answers: Receiver<Description>,
    runtimes: Vec<Arc<dyn Runtime>>,
    known: HashSet<String>,
    /// In the order in which they came.
    order: VecDeque<String>,
    /// Where the lists of control groups of the last record led, so that the same is not read again.
    last: Vec<u8>,
}

impl Containers {
    pub(crate) fn new() -> Self {
        let (ask, asked) = channel();
        let (answer, answers) = channel();
        let runtimes = runtimes();
        for runtime in &runtimes {
            let runtime = Arc::clone(runtime);
            let answer = answer.clone();
            spawn(move || runtime.listen(&answer));
        }
        let serving = runtimes.clone();
        spawn(move || serve(&serving, &asked, &answer));
        Self {
            ask,
            answers,
            runtimes,
            known: HashSet::new(),
            order: VecDeque::new(),
            last: Vec::new(),
        }
    }

    /// What runs already.
    pub(crate) fn begin(&mut self, framer: &Framer, now: u64, out: &mut Vec<u8>) {
        // The first that tells of a container tells most.
        let runtimes = self.runtimes.clone();
        for description in runtimes.iter().flat_map(|runtime| runtime.all()) {
            if !self.known.contains(&description.id) {
                self.tell(description, framer, now, out);
            }
        }
    }

    /// What runtimes have said meanwhile.
    pub(crate) fn news(&mut self, framer: &Framer, now: u64, out: &mut Vec<u8>) {
        while let Ok(description) = self.answers.try_recv() {
            self.tell(description, framer, now, out);
        }
    }

    fn tell(&mut self, description: Description, framer: &Framer, now: u64, out: &mut Vec<u8>) {
        let name = if description.removed { "container_removed" } else { "container" };
        if let Some(json) = &description.json {
            framer.tell(now, name, json.as_bytes(), out);
        }
        if description.removed {
            self.known.remove(&description.id);
            return;
        }
        self.remember(description.id, framer, now, out);
    }

    /// Of very many the oldest is forgotten, here and by whoever reads, and asked for again if it comes.
    fn remember(&mut self, id: String, framer: &Framer, now: u64, out: &mut Vec<u8>) {
        if !self.known.insert(id.clone()) {
            return;
        }
        self.order.push_back(id);
        while self.order.len() > MOST {
            let Some(oldest) = self.order.pop_front() else { break };
            if self.known.remove(&oldest) {
                let json = json!({ "container": { "id": oldest } }).to_string();
                framer.tell(now, "container_removed", json.as_bytes(), out);
            }
        }
    }

    /// Sees that the container of a record is described before it.
    pub(crate) fn before(&mut self, record: &[u8], framer: &Framer, out: &mut Vec<u8>) {
        let Some(groups) = framer.control_groups(record) else { return };
        if *groups == *self.last {
            return;
        }
        self.last.clear();
        self.last.extend_from_slice(groups);
        let Some(id) = plimsoll_runtime::syscall::container_of(groups) else { return };
        if self.known.contains(&id) || self.ask.send(id.clone()).is_err() {
            return;
        }
        let until = Instant::now() + PATIENCE;
        let now = Framer::time(record);
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            let Ok(description) = self.answers.recv_timeout(left) else { break };
            let found = description.id == id;
            self.tell(description, framer, now, out);
            if found {
                return;
            }
        }
        // Not asked again: the answer may still come.
        self.remember(id, framer, now, out);
    }
}

/// Without a thread nothing is described; containers are still known by their numbers.
fn spawn(work: impl FnOnce() + Send + 'static) {
    let _ = std::thread::Builder::new().name("containers".to_owned()).spawn(work);
}

/// Answers questions about containers until nobody asks any more.
fn serve(runtimes: &[Arc<dyn Runtime>], asked: &Receiver<String>, answer: &Sender<Description>) {
    let mut resting: HashMap<usize, Instant> = HashMap::new();
    while let Ok(id) = asked.recv() {
        let json = runtimes.iter().enumerate().find_map(|(at, runtime)| {
            let begun = Instant::now();
            if resting.get(&at).is_some_and(|until| begun < *until) {
                return None;
            }
            let found = runtime.find(&id, WITHIN);
            if found.is_none() && begun.elapsed() >= WITHIN {
                resting.insert(at, Instant::now() + REST);
            }
            found
        });
        if answer.send(Description { id, json, removed: false }).is_err() {
            break;
        }
    }
}

/// Whether it may stand in a question: a container's number or name, a namespace.
fn is_id(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !text.is_empty() && text.bytes().all(fits)
}

fn without_nulls(mut value: Value) -> Value {
    if let Value::Object(map) = &mut value {
        map.retain(|_, value| !value.is_null());
    }
    value
}

/// Labels that are not too long.
fn known_labels(labels: &HashMap<String, String>) -> Map<String, Value> {
    let short = labels.iter().filter(|(_, value)| value.len() <= LONGEST_LABEL);
    short.map(|(key, value)| (key.clone(), value.as_str().into())).collect()
}

#[cfg(test)]
mod tests {
    use plimsoll_runtime::syscall::image_parts;

    use super::*;

    #[test]
    fn images_are_parted_at_tag_and_digest() {
        assert_eq!(image_parts("alpine"), ("alpine", "", ""));
        assert_eq!(image_parts("a:5000/b"), ("a:5000/b", "", ""));
        assert_eq!(image_parts("a:5000/b:1@sha256:c"), ("a:5000/b", "1", "sha256:c"));
    }

    #[test]
    fn what_could_be_another_question_is_no_number() {
        assert!(is_id("f1c2d3e4a5b6") && is_id("web_1.a-b"));
        for text in ["", "a/b", "a\"b", "a b", "a\n"] {
            assert!(!is_id(text), "{text}");
        }
    }
}

//! What container runtimes say of containers, put into the stream before the events that are theirs.

mod docker;

use std::collections::HashSet;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use crate::record::Framer;

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
    known: HashSet<String>,
    /// Where the lists of control groups of the last record led, so that the same is not read again.
    last: Vec<u8>,
}

impl Containers {
    pub(crate) fn new() -> Self {
        let (ask, asked) = channel();
        let (answer, answers) = channel();
        docker::serve(asked, answer);
        Self { ask, answers, known: HashSet::new(), last: Vec::new() }
    }

    /// What runs already.
    pub(crate) fn begin(&mut self, framer: &Framer, now: u64, out: &mut Vec<u8>) {
        for description in docker::all() {
            self.tell(description, framer, now, out);
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
        if self.known.len() >= MOST {
            self.known.clear();
        }
        self.known.insert(description.id);
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
        self.known.insert(id);
    }
}

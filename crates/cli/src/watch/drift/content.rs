//! The content of programs that run, compared with what their image has, by a thread of its own: a
//! program may be large, and events do not wait.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context;
use plimsoll_model::Content;
use plimsoll_response::{Observer, Target};
use plimsoll_runtime::alert::Alert;
use plimsoll_runtime::event::{Arena, Event, FieldRef, Value, Values};
use plimsoll_runtime::fields::Source;
use plimsoll_runtime::syscall::SystemCall;
use ring::digest::{Context as Sum, SHA256};
use rustix::fs::{Mode, OFlags, ResolveFlags};

/// Files that wait to be read; each is open meanwhile.
const WAITING: usize = 256;
/// Files whose answer is remembered.
const MOST_KNOWN: usize = 65_536;
/// Which ancestors of a process are asked for the files of its container.
const ANCESTORS: [&str; 5] = ["1", "2", "3", "4", "5"];
/// Bytes that are summed at once: 64 KiB.
const PIECE: usize = 64 << 10;
/// How long files are still read when the watch ends.
const END: Duration = Duration::from_secs(5);

/// What is known of a program by its content.
pub(super) enum Answer {
    /// It is the image's.
    Same,
    /// It is not.
    Other,
    /// It will be told.
    Later,
    /// There was nothing to be read.
    Unseen,
}

/// An alert that was told, and whom it is about where somebody may have to respond.
pub(in super::super) struct Told {
    pub(in super::super) alert: Alert,
    pub(in super::super) target: Option<Target>,
}

/// Compares programs with an image's.
pub(super) struct Comparer {
    fields: Fields,
    observer: Option<Observer>,
    known: Known,
    asked: Option<SyncSender<Asked>>,
    told: Receiver<Told>,
    ends: Arc<Mutex<Option<Instant>>>,
    worker: Option<JoinHandle<u64>>,
    unseen: u64,
}

/// A file as it was, and what it should be.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Version {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    expected: [u8; 32],
}

#[derive(Clone, Copy)]
enum State {
    Asked,
    Same,
    Other,
}

type Known = Arc<Mutex<HashMap<Version, State>>>;

struct Asked {
    file: File,
    version: Version,
    told: Told,
}

struct Fields {
    process: Option<FieldRef>,
    container: Option<FieldRef>,
    ancestors: Vec<FieldRef>,
}

impl Comparer {
    /// One that hands alerts over as soon as a file turns out to be another; whether responses are
    /// taken as well.
    pub(super) fn new(
        hand_over: impl Fn(Alert) + Send + 'static,
        responds: bool,
    ) -> anyhow::Result<Self> {
        let known = Known::default();
        let ends = Arc::new(Mutex::new(None));
        let (asked, questions) = sync_channel::<Asked>(WAITING);
        let (answers, told) = channel();
        let (of_worker, deadline) = (Arc::clone(&known), Arc::clone(&ends));
        let work = move || compare(&questions, &answers, &of_worker, &deadline, &hand_over);
        let worker = std::thread::Builder::new().name("contents".to_owned()).spawn(work);
        Ok(Self {
            fields: Fields::new(),
            observer: responds.then(Observer::new),
            known,
            asked: Some(asked),
            told,
            ends,
            worker: Some(worker.context("cannot start a thread")?),
            unseen: 0,
        })
    }

    /// Compares the program that an event has started with what its image has at that path; the alert
    /// is made where it may be needed.
    pub(super) fn ask(
        &mut self,
        call: &SystemCall<'_>,
        host: &str,
        arena: &Arena,
        (path, content): (&str, Content),
        alert: impl FnOnce() -> Alert,
    ) -> Answer {
        let Some((file, version)) = self.fields.running(call, arena, path, content) else {
            self.unseen = self.unseen.saturating_add(1);
            return Answer::Unseen;
        };
        if version.size != content.size {
            return Answer::Other;
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match known.get(&version) {
            Some(State::Same) => return Answer::Same,
            Some(State::Other) => return Answer::Other,
            Some(State::Asked) => return Answer::Later,
            None => {}
        }
        let target = self.observer.as_ref().and_then(|it| it.target(call, host, arena));
        let asked = Asked { file, version, told: Told { alert: alert(), target } };
        if self.asked.as_ref().is_none_or(|queue| queue.try_send(asked).is_err()) {
            self.unseen = self.unseen.saturating_add(1);
            return Answer::Unseen;
        }
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        known.insert(version, State::Asked);
        Answer::Later
    }

    /// What was told since this was asked last.
    pub(super) fn told(&self) -> impl Iterator<Item = Told> + '_ {
        self.told.try_iter()
    }

    /// Waits for what is being compared; how many programs were not.
    pub(super) fn end(&mut self) -> u64 {
        *self.ends.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + END);
        self.asked = None;
        let left = self.worker.take().map_or(0, |worker| worker.join().unwrap_or(0));
        self.unseen.saturating_add(left)
    }
}

/// Reads what waits until nobody asks any more; how much of it was not read.
fn compare(
    questions: &Receiver<Asked>,
    answers: &Sender<Told>,
    known: &Known,
    ends: &Mutex<Option<Instant>>,
    hand_over: &dyn Fn(Alert),
) -> u64 {
    let mut unread = 0_u64;
    while let Ok(Asked { file, version, told }) = questions.recv() {
        let end = *ends.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = end.is_some_and(|end| Instant::now() > end);
        let sum = if is_over { None } else { sum(file, version.size).ok() };
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        match sum {
            None => {
                known.remove(&version);
                unread = unread.saturating_add(1);
            }
            Some(sum) if sum == version.expected => {
                known.insert(version, State::Same);
            }
            Some(_) => {
                known.insert(version, State::Other);
                drop(known);
                hand_over(told.alert.clone());
                // Whoever watched has ended.
                let _ = answers.send(told);
            }
        }
    }
    unread
}

/// The SHA-256 of so many bytes of a file, or of all where it has fewer.
fn sum(file: File, size: u64) -> io::Result<[u8; 32]> {
    let mut file = file.take(size);
    let mut sum = Sum::new(&SHA256);
    let mut piece = vec![0; PIECE];
    loop {
        let read = file.read(&mut piece)?;
        let Some(bytes) = piece.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        sum.update(bytes);
    }
    sum.finish().as_ref().try_into().map_err(io::Error::other)
}

impl Fields {
    fn new() -> Self {
        let field = |name, argument| FieldRef::resolve(Source::Syscall, name, argument).ok();
        Self {
            process: field("proc.pid", None),
            container: field("container.id", None),
            ancestors: ANCESTORS.iter().filter_map(|at| field("proc.apid", Some(*at))).collect(),
        }
    }

    /// The file that a process runs: as the kernel has it while it lives, and what its container has
    /// at that path when it has ended already.
    fn running(
        &self,
        call: &SystemCall<'_>,
        arena: &Arena,
        path: &str,
        content: Content,
    ) -> Option<(File, Version)> {
        let number = |field: &FieldRef| match call.field(field, arena) {
            Values::One(Value::Signed(number)) if number > 1 => Some(number),
            _ => None,
        };
        let container = match call.field(self.container.as_ref()?, arena) {
            Values::One(Value::Bytes(id)) => String::from_utf8_lossy(id).into_owned(),
            _ => return None,
        };
        let process = number(self.process.as_ref()?)?;
        let relatives = [process].into_iter().chain(self.ancestors.iter().filter_map(number));
        let file = relatives.filter(|it| is_in(*it, &container)).find_map(|it| {
            let own = (it == process).then(|| executable(it, path)).flatten();
            own.or_else(|| below_root(it, path))
        })?;
        let about = file.metadata().ok().filter(fs::Metadata::is_file)?;
        let version = Version {
            device: about.dev(),
            inode: about.ino(),
            size: about.size(),
            modified: (about.mtime(), about.mtime_nsec()),
            changed: (about.ctime(), about.ctime_nsec()),
            expected: content.sha256,
        };
        Some((file, version))
    }
}

fn of_process(process: i64, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{process}/{name}"))
}

/// Whether a process is in a container: numbers of processes are given again, and an ancestor may be
/// the runtime.
fn is_in(process: i64, container: &str) -> bool {
    fs::read_to_string(of_process(process, "cgroup")).is_ok_and(|groups| groups.contains(container))
}

/// The program of a process, unless it has become another since.
fn executable(process: i64, path: &str) -> Option<File> {
    let link = of_process(process, "exe");
    let shown = fs::read_link(&link).ok()?;
    let shown = shown.to_str()?;
    if shown.strip_suffix(" (deleted)").unwrap_or(shown) != path {
        return None;
    }
    File::open(link).ok()
}

/// A file of a container by one of its processes; no link of the container leads out of it.
fn below_root(process: i64, path: &str) -> Option<File> {
    let folder = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = rustix::fs::open(of_process(process, "root"), folder, Mode::empty()).ok()?;
    // Without NONBLOCK the opening of a named pipe would wait for its other end.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let within = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    rustix::fs::openat2(root, path.trim_start_matches('/'), flags, Mode::empty(), within)
        .ok()
        .map(File::from)
}

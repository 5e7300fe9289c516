//! What events tell of files that are executed, mapped and opened in containers.
//!
//! Every event passes here, so the first look is at a number. A container's files are kept by path;
//! images are told apart at the end, because a runtime may tell late which one it is.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use foldhash::fast::RandomState;
use plimsoll_model::{How, Timestamp, Window, is_interpreted};

use super::{Gap, Image, ImageUse, Only, Record, Use, seen};
use crate::event::Event;
use crate::scap::codes as code;
use crate::syscall::SystemCall;
use crate::syscall::state::containers::Container;
use crate::syscall::state::path::joined;
use crate::syscall::state::{State, Thread};

/// The most containers that are kept.
const MOST_CONTAINERS: usize = 16_384;
/// The most files of all containers.
const MOST_FILES: usize = 262_144;
/// `PROT_EXEC` in the numbers of captures.
const EXECUTABLE: u64 = 1 << 2;
/// `MAP_ANONYMOUS` in the numbers of captures.
const ANONYMOUS: u64 = 1 << 3;
/// `O_RDONLY` in the numbers of captures.
const READS: u64 = 1;

/// Follows which files of images are used.
#[derive(Default)]
pub struct Recorder {
    /// Only of this image, as far as the image of a container is known.
    only: Option<Only>,
    /// A sensor watches what is mapped; of a capture it is not known before one is seen.
    mappings: bool,
    containers: HashMap<Box<str>, Containing, RandomState>,
    files: usize,
    /// Processes that ran at the beginning, until the first event tells which containers there are.
    running: Vec<Running>,
    first: Option<u64>,
    last: u64,
    lost: bool,
    full: bool,
}

/// A process that ran when the watch began, and the code that it has mapped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Running {
    /// Its number.
    pub pid: i64,
    /// Paths of files.
    pub mapped: Vec<Vec<u8>>,
}

/// What is known of a container.
#[derive(Default)]
struct Containing {
    image: Image,
    files: HashMap<Box<[u8]>, Seen, RandomState>,
    first: u64,
    /// When its first process ended, with which all of them end.
    ended: Option<u64>,
    begun_before: bool,
    unknown_files: bool,
    io_uring: bool,
}

struct Seen {
    how: How,
    by: Arc<[u8]>,
    first: u64,
    last: u64,
}

impl Recorder {
    /// Of all containers, or only of those of an image.
    pub fn new(only: Option<Only>) -> Self {
        Self { only, ..Self::default() }
    }

    /// A sensor watches: what is mapped is seen, and these processes ran before.
    pub fn begin_live(&mut self, running: Vec<Running>) {
        self.mappings = true;
        self.running = running;
    }

    /// Events were lost, or what is read is damaged.
    pub fn lose(&mut self) {
        self.lost = true;
    }

    /// Takes an event in.
    pub fn take(&mut self, call: &SystemCall<'_>) {
        let time = call.time();
        self.last = self.last.max(time);
        if self.first.is_none() {
            self.first = Some(time);
            self.begin(call.state(), time);
        }
        let number = call.event_type().code;
        match number {
            code::EXECVE_X | code::EXECVEAT_X if succeeded(call) => self.executed(call, time),
            code::MMAP_X | code::MMAP2_X => self.mapped(call, time),
            code::OPEN_X | code::OPENAT_X | code::OPENAT2_X | code::OPEN_BY_HANDLE_AT_X => {
                self.opened(call, time);
            }
            code::IO_URING_SETUP_X if succeeded(call) => {
                if let Some((_, containing)) = self.container(call, time) {
                    containing.io_uring = true;
                }
            }
            code::PROCEXIT_E if call.thread().is_some_and(|thread| thread.vtid == 1) => {
                if let Some((_, containing)) = self.container(call, time) {
                    containing.ended = Some(time);
                }
            }
            code::CONTAINER_E | code::ASYNCEVENT_E => {
                if let Some((_, told)) = &call.state().containers.told
                    && let Some(containing) = self.containers.get_mut(told.id.as_str())
                {
                    // What tells that one was removed does not say of which image it was.
                    let told = image(told);
                    if told.id.len() > containing.image.id.len()
                        || containing.image == Image::default()
                    {
                        containing.image = told;
                    }
                }
            }
            _ => {}
        }
    }

    /// What ran before the first event.
    fn begin(&mut self, state: &State, time: u64) {
        let mut mapped: HashMap<i64, Vec<Vec<u8>>> =
            self.running.drain(..).map(|it| (it.pid, it.mapped)).collect();
        // The first event's own thread may have begun with it.
        for thread in state.threads.iter().filter(|thread| thread.clone_time == 0) {
            let Some(id) = thread.cgroups.container() else { continue };
            let Some(containing) = entry(&mut self.containers, id, state, time) else {
                self.full = true;
                continue;
            };
            containing.begun_before = true;
            let by = Arc::clone(name(thread));
            let executed = [(&*thread.exepath, How::Executed)].into_iter();
            let files = thread.fds.iter().map(|(_, fd)| &*fd.name);
            let opened = files.filter(|path| is_interpreted(path));
            let mapped = mapped.remove(&thread.pid).unwrap_or_default();
            let mapped = mapped.iter().map(|path| (&**path, How::Mapped));
            let all = executed.chain(opened.map(|path| (path, How::Opened))).chain(mapped);
            for (path, how) in all {
                let room = &mut self.files;
                self.full |= !containing.note(path, how, &by, time, room);
            }
        }
    }

    fn executed(&mut self, call: &SystemCall<'_>, time: u64) {
        let Some(thread) = call.thread() else { return };
        let state = call.state();
        let parent = state.threads.by_tid(thread.ptid);
        let by = Arc::clone(name(parent.unwrap_or(thread)));
        let from_memory = thread.exe_from_memfd;
        // What was asked for is a script where it is not what runs.
        let filename = call.event_type().position("filename");
        let script = filename.filter(|at| *at < call.parameters().len());
        let script = script.map_or(&b""[..], |at| call.parameters().text(at));
        let mut buffer = [0; 1024];
        let script = match script {
            b"" | b"<NA>" => b"",
            script => joined(&thread.cwd, script, &mut buffer),
        };
        let exepath = Arc::clone(&thread.exepath);
        let Some((room, containing)) = self.container(call, time) else { return };
        if from_memory {
            return;
        }
        let mut whole = containing.note(&exepath, How::Executed, &by, time, room);
        if !exepath.ends_with(script) {
            whole &= containing.note(script, How::Executed, &by, time, room);
        }
        self.full |= !whole;
    }

    fn mapped(&mut self, call: &SystemCall<'_>, time: u64) {
        self.mappings = true;
        let parameter = |name: &str| {
            let at = call.event_type().position(name)?;
            (at < call.parameters().len()).then(|| call.parameters().unsigned(at))?
        };
        let is_code = parameter("prot").is_some_and(|it| it & EXECUTABLE != 0);
        let is_anonymous = parameter("flags").is_some_and(|it| it & ANONYMOUS != 0);
        if !is_code || is_anonymous || failed(call) {
            return;
        }
        let Some(thread) = call.thread() else { return };
        let by = Arc::clone(name(thread));
        let path = call.fd().map(|fd| Arc::clone(&fd.name));
        let Some((room, containing)) = self.container(call, time) else { return };
        match path {
            Some(path) if !path.is_empty() => {
                self.full |= !containing.note(&path, How::Mapped, &by, time, room);
            }
            _ => containing.unknown_files = true,
        }
    }

    fn opened(&mut self, call: &SystemCall<'_>, time: u64) {
        let Some(fd) = call.fd() else { return };
        if !is_interpreted(&fd.name) {
            return;
        }
        let flags = call.event_type().position("flags");
        let flags = flags.and_then(|at| call.parameters().unsigned(at)).unwrap_or(READS);
        if flags & READS == 0 || !succeeded(call) {
            return;
        }
        let Some(thread) = call.thread() else { return };
        let (path, by) = (Arc::clone(&fd.name), Arc::clone(name(thread)));
        let Some((room, containing)) = self.container(call, time) else { return };
        self.full |= !containing.note(&path, How::Opened, &by, time, room);
    }

    /// The container of an event, if it is one that counts, and how many files there are in all.
    fn container(
        &mut self,
        call: &SystemCall<'_>,
        time: u64,
    ) -> Option<(&mut usize, &mut Containing)> {
        let thread = call.thread()?;
        if is_runtime(thread) {
            return None;
        }
        let id = thread.cgroups.container()?;
        let Some(containing) = entry(&mut self.containers, id, call.state(), time) else {
            self.full = true;
            return None;
        };
        containing.ended = None;
        Some((&mut self.files, containing))
    }

    /// What was seen.
    pub fn finish(self) -> Record {
        let mut record = Record::default();
        for (_, containing) in self.containers {
            let image = match &self.only {
                Some(only) if !only.is(&containing.image) => continue,
                Some(only) => only.image.clone(),
                None => containing.image.clone(),
            };
            // Without an image nothing could be said of one.
            if image == Image::default() {
                continue;
            }
            let gaps = [
                (self.lost, Gap::EventsLost),
                (!self.mappings, Gap::MappingsNotWatched),
                (containing.unknown_files, Gap::UnknownFiles),
                (self.full, Gap::TooManyFiles),
                (containing.io_uring, Gap::IoUring),
                (containing.begun_before, Gap::BegunBefore),
            ];
            let window = Window {
                since: stamp(containing.first),
                until: stamp(containing.ended.unwrap_or(self.last).max(containing.first)),
                containers: 1,
            };
            let mut used = ImageUse {
                image,
                windows: vec![window],
                gaps: gaps.into_iter().filter_map(|(is, gap)| is.then_some(gap)).collect(),
                files: BTreeMap::new(),
                packages: BTreeMap::new(),
            };
            for (path, seen) in containing.files {
                let path = String::from_utf8_lossy(&path).into_owned();
                used.files.insert(path, seen.used());
            }
            match record.images.iter_mut().find(|it| it.image.is(&used.image) == Some(true)) {
                Some(known) => known.merge(used),
                None => record.images.push(used),
            }
        }
        for image in &mut record.images {
            image.windows = joined_windows(&image.windows);
        }
        record.images.sort_by(|a, b| a.image.cmp(&b.image));
        record
    }
}

/// Containers that were watched at the same time are one window.
fn joined_windows(sorted: &[Window]) -> Vec<Window> {
    let mut joined: Vec<Window> = Vec::new();
    for window in sorted {
        match joined.last_mut() {
            Some(last) if window.since <= last.until => {
                last.until = last.until.max(window.until);
                last.containers = last.containers.saturating_add(window.containers);
            }
            _ => joined.push(window.clone()),
        }
    }
    joined
}

fn entry<'c>(
    containers: &'c mut HashMap<Box<str>, Containing, RandomState>,
    id: &str,
    state: &State,
    time: u64,
) -> Option<&'c mut Containing> {
    if !containers.contains_key(id) {
        if containers.len() >= MOST_CONTAINERS {
            return None;
        }
        let first = Containing { first: time, ..Containing::default() };
        containers.insert(id.into(), first);
    }
    let containing = containers.get_mut(id)?;
    if containing.image == Image::default()
        && let Some(container) = state.containers.get(Some(id))
    {
        containing.image = image(container);
    }
    Some(containing)
}

/// The image of a container.
pub(crate) fn image(container: &Container) -> Image {
    let name = if container.image.is_empty() && !container.imagerepo.is_empty() {
        format!("{}:{}", container.imagerepo, container.imagetag)
    } else {
        container.image.clone()
    };
    let bare = |digest: &str| digest.rsplit(':').next().unwrap_or(digest).to_owned();
    Image { id: bare(&container.imageid), digest: bare(&container.imagedigest), name }
}

/// The program of a thread, or its name where that is not known.
fn name(thread: &Thread) -> &Arc<[u8]> {
    if thread.exepath.first() == Some(&b'/') { &thread.exepath } else { &thread.comm }
}

/// Whether it is what a runtime prepares a container with: in its control groups already, but with
/// a program and libraries of the machine.
fn is_runtime(thread: &Thread) -> bool {
    let has_no_file = &*thread.exepath == b"/" || thread.exe_from_memfd;
    has_no_file && (thread.comm.starts_with(b"runc") || thread.comm.starts_with(b"crun"))
}

fn succeeded(call: &SystemCall<'_>) -> bool {
    call.result().is_some_and(|result| result >= 0)
}

/// Addresses may look negative; errors are the last of them.
fn failed(call: &SystemCall<'_>) -> bool {
    let result = call.parameters().signed(0);
    result.is_none_or(|result| (-4095..0).contains(&result))
}

fn stamp(nanoseconds: u64) -> Timestamp {
    Timestamp::from_unix(i64::try_from(nanoseconds / 1_000_000_000).unwrap_or(i64::MAX))
}

impl Containing {
    /// Notes a use of a file; false where there is no room.
    fn note(
        &mut self,
        path: &[u8],
        how: How,
        by: &Arc<[u8]>,
        time: u64,
        files: &mut usize,
    ) -> bool {
        let Some(path) = seen::file(path) else { return true };
        if let Some(known) = self.files.get_mut(path) {
            known.last = time;
            if how > known.how {
                (known.how, known.by) = (how, Arc::clone(by));
            }
            return true;
        }
        if *files >= MOST_FILES {
            return false;
        }
        *files = files.saturating_add(1);
        self.files.insert(path.into(), Seen { how, by: Arc::clone(by), first: time, last: time });
        true
    }
}

impl Seen {
    fn used(&self) -> Use {
        Use {
            how: self.how,
            by: String::from_utf8_lossy(&self.by).into_owned(),
            path: String::new(),
            first: stamp(self.first),
            last: stamp(self.last),
        }
    }
}

//! What events tell of files that are executed, mapped and opened in containers.
//!
//! Every event passes here, so the first look is at a number. A container's files are kept by path;
//! images are told apart at the end, because a runtime may tell late which one it is.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use plimsoll_model::{How, is_interpreted};

use super::container::{Containing, Room, Seeing, entry, image};
use super::merge::joined_windows;
use super::{Gap, Image, Only, Record, seen};
use crate::event::Event;
use crate::scap::codes as code;
use crate::syscall::SystemCall;
use crate::syscall::state::path::joined;
use crate::syscall::state::{State, Thread};

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
    /// What the stream tells of mappings.
    mappings: Mappings,
    /// A mapping was seen in this stream.
    has_mapped: bool,
    containers: HashMap<Box<str>, Containing, RandomState>,
    room: Room,
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
    /// Paths of files; none where they cannot be read.
    pub mapped: Option<Vec<Vec<u8>>>,
}

/// What a stream of events tells of files that are mapped as code.
///
/// A mapping that is there does not prove that all are: whoever wrote a capture may have chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mappings {
    /// Nobody knows.
    #[default]
    Unknown,
    /// All that were made since it began are told, as the user says.
    Said,
    /// The sensor tells all, and what processes had mapped before.
    Watched,
}

impl Recorder {
    /// Of all containers, or only of those of an image.
    pub fn new(only: Option<Only>) -> Self {
        Self { only, ..Self::default() }
    }

    /// A sensor watches: what is mapped is seen, and these processes ran before.
    pub fn begin_live(&mut self, running: Vec<Running>) {
        self.section(Mappings::Watched);
        self.running = running;
    }

    /// Another stream begins, which has nothing to do with the one before: what ran there is not
    /// watched any more.
    pub fn section(&mut self, mappings: Mappings) {
        let is_watched = match self.mappings {
            Mappings::Unknown => false,
            Mappings::Said => self.has_mapped,
            Mappings::Watched => true,
        };
        for containing in self.containers.values_mut() {
            containing.close(self.last, is_watched);
        }
        (self.mappings, self.has_mapped) = (mappings, false);
        (self.first, self.last) = (None, 0);
        self.running.clear();
    }

    /// Of how many containers nobody has told the image, which may be one of those that count.
    pub fn unknown_containers(&self) -> usize {
        self.containers.values().filter(|it| self.is_unknown(&it.image)).count()
    }

    fn is_unknown(&self, image: &Image) -> bool {
        match &self.only {
            Some(only) => only.is_told && image.is(&only.image).is_none(),
            None => *image == Image::default(),
        }
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
                    containing.gaps.insert(Gap::IoUring);
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
        let running: HashMap<i64, Option<Vec<Vec<u8>>>> =
            self.running.drain(..).map(|it| (it.pid, it.mapped)).collect();
        let is_live = self.mappings == Mappings::Watched;
        // The first event's own thread may have begun with it.
        for thread in state.threads.iter().filter(|thread| thread.clone_time == 0) {
            let Some(id) = thread.cgroups.container() else { continue };
            let Some(containing) = entry(&mut self.containers, id, state, time) else {
                self.full = true;
                continue;
            };
            containing.gaps.insert(Gap::BegunBefore);
            let mapped = running.get(&thread.pid).and_then(Option::as_deref);
            if mapped.is_none() {
                // A capture does not tell what was mapped before it.
                let gap = if is_live { Gap::UnknownFiles } else { Gap::MappingsNotWatched };
                containing.gaps.insert(gap);
            }
            let by = Arc::clone(name(thread));
            let seeing = |how| Seeing { how, by: &by, time };
            let room = &mut self.room;
            // What has ended and is not waited for has neither a program nor mappings.
            let has_ended = thread.exepath.is_empty() && mapped.is_some_and(<[_]>::is_empty);
            let mut whole =
                has_ended || containing.note(&thread.exepath, &seeing(How::Executed), room);
            for (_, fd) in thread.fds.iter().filter(|(_, fd)| is_interpreted(&fd.name)) {
                whole &= containing.note(&fd.name, &seeing(How::Opened), room);
            }
            for path in mapped.unwrap_or_default() {
                whole &= containing.note(path, &seeing(How::Mapped), room);
            }
            self.full |= !whole;
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
        let is_at = call.event_type().code == code::EXECVEAT_X;
        let mut buffer = [0; 1024];
        let script = match script {
            b"" | b"<NA>" => b"",
            // Of a folder that the event does not tell.
            script if is_at && !script.starts_with(b"/") => script,
            script => joined(&thread.cwd, script, &mut buffer),
        };
        let exepath = Arc::clone(&thread.exepath);
        let Some((room, containing)) = self.container(call, time) else { return };
        if from_memory {
            return;
        }
        let seeing = Seeing { how: How::Executed, by: &by, time };
        let mut whole = containing.note(&exepath, &seeing, room);
        if !script.is_empty() && !exepath.ends_with(script) {
            whole &= containing.note(script, &seeing, room);
        }
        self.full |= !whole;
    }

    fn mapped(&mut self, call: &SystemCall<'_>, time: u64) {
        self.has_mapped = true;
        if !is_contained(call) {
            return;
        }
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
                let seeing = Seeing { how: How::Mapped, by: &by, time };
                self.full |= !containing.note(&path, &seeing, room);
            }
            _ => {
                containing.gaps.insert(Gap::UnknownFiles);
            }
        }
    }

    fn opened(&mut self, call: &SystemCall<'_>, time: u64) {
        if !is_contained(call) {
            return;
        }
        let path = call.fd().map(|fd| Arc::clone(&fd.name));
        let is_whole = path.as_ref().is_some_and(|path| seen::is_whole(path));
        if is_whole && !path.as_ref().is_some_and(|path| is_interpreted(path)) {
            return;
        }
        let flags = call.event_type().position("flags");
        let flags = flags.and_then(|at| call.parameters().unsigned(at)).unwrap_or(READS);
        if flags & READS == 0 || !succeeded(call) {
            return;
        }
        let Some(thread) = call.thread() else { return };
        let by = Arc::clone(name(thread));
        let Some((room, containing)) = self.container(call, time) else { return };
        let seeing = Seeing { how: How::Opened, by: &by, time };
        match path {
            Some(path) => self.full |= !containing.note(&path, &seeing, room),
            None => {
                containing.gaps.insert(Gap::UnknownFiles);
            }
        }
    }

    /// The container of an event, if it is one that counts, and the room for files of all.
    fn container(
        &mut self,
        call: &SystemCall<'_>,
        time: u64,
    ) -> Option<(&mut Room, &mut Containing)> {
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
        Some((&mut self.room, containing))
    }

    /// What was seen.
    pub fn finish(mut self) -> Record {
        self.section(Mappings::Unknown);
        let shared = [
            (self.lost, Gap::EventsLost),
            (self.full, Gap::TooManyFiles),
            (self.unknown_containers() > 0, Gap::UnknownContainers),
        ];
        let mut used = Vec::new();
        for (_, containing) in self.containers {
            let image = match &self.only {
                Some(only) if !only.is(&containing.image) => continue,
                Some(only) => only.image.clone(),
                None => containing.image.clone(),
            };
            // Without an image nothing could be said of one.
            if image != Image::default() {
                used.push(containing.used(image, &shared));
            }
        }
        let mut record = Record::default();
        record.take_in(used);
        for image in &mut record.images {
            image.windows = joined_windows(&image.windows);
        }
        record.images.sort_by(|a, b| a.image.cmp(&b.image));
        record
    }
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
/// Whether a call is of a container: most of a machine's are not.
fn is_contained(call: &SystemCall<'_>) -> bool {
    call.thread().is_some_and(|thread| thread.cgroups.container().is_some())
}

fn failed(call: &SystemCall<'_>) -> bool {
    let result = call.parameters().signed(0);
    result.is_none_or(|result| (-4095..0).contains(&result))
}

//! Files that are opened, passed on and closed.

use std::sync::Arc;

use super::Step;
use crate::scap::DescriptorKind;
use crate::scap::codes as code;
use crate::syscall::state::descriptor::{
    EPOLL_CLOEXEC, LOWER_LAYER, O_CLOEXEC, O_DIRECTORY, UPPER_LAYER,
};
use crate::syscall::state::thread::without_nul;
use crate::syscall::state::{Descriptors, Fd, State, Text, path};

/// A path relative to the working folder.
pub(crate) const AT_FDCWD: i64 = -100;
/// Bits from here on are set by the probe, not by the caller.
const F_CREATED: u32 = 1 << 14;
const CLOSE_RANGE_CLOEXEC: u32 = 1 << 2;
const F_DUPFD: u64 = 1;
const F_SETFD: u64 = 3;
const F_DUPFD_CLOEXEC: u64 = 26;
const FD_CLOEXEC: u64 = 1;

/// The folder that a path is relative to.
pub(crate) fn folder<'s>(state: &'s State, step: &Step<'_>, name: &[u8], dirfd: i64) -> Folder<'s> {
    folder_of(state, step.thread, name, dirfd)
}

/// The same for a thread.
pub(crate) fn folder_of<'s>(
    state: &'s State,
    thread: Option<crate::syscall::state::Place>,
    name: &[u8],
    dirfd: i64,
) -> Folder<'s> {
    if name.first() == Some(&b'/') {
        return Folder { path: b".", open: true };
    }
    let Some(place) = thread else { return Folder::UNKNOWN };
    if dirfd == AT_FDCWD {
        let cwd = state.threads.main_thread(place).map_or(&b"./"[..], |thread| &thread.cwd);
        return Folder { path: cwd, open: true };
    }
    match state.fd(place, dirfd) {
        Some(fd) => Folder { open: fd.name.is_empty() || fd.name.ends_with(b"/"), path: &fd.name },
        None => Folder::UNKNOWN,
    }
}

/// A folder's path, which may lack the slash behind it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Folder<'s> {
    path: &'s [u8],
    /// Nothing has to be put between it and a name.
    open: bool,
}

impl Folder<'_> {
    const UNKNOWN: Self = Self { path: b"<UNKNOWN>", open: true };

    pub(crate) fn is_unknown(self) -> bool {
        self.path == b"<UNKNOWN>"
    }

    /// What a name means in it.
    pub(crate) fn join<'b>(self, name: &[u8], buffer: &'b mut [u8; 1024]) -> &'b [u8] {
        if self.open {
            return path::joined(self.path, name, buffer);
        }
        let mut whole = Vec::with_capacity(self.path.len() + 1);
        whole.extend_from_slice(self.path);
        whole.push(b'/');
        path::joined(&whole, name, buffer)
    }
}

/// `open` and its kin.
pub(super) fn file(state: &mut State, step: &mut Step<'_>) {
    let (Some(place), Some(fd)) = (step.thread, step.result()) else { return };
    if fd < 0 {
        return;
    }
    // Taken out while names are borrowed from the rest.
    let mut texts = std::mem::take(&mut state.texts);
    let number = step.event_type.code;
    let parameters = step.parameters;
    let entry = step.entry(state);
    // Places of the directory, the name, the flags, the device and the inode.
    let (dirfd_at, name_at, flags_at, dev_at, ino_at) = match number {
        code::OPEN_X => (None, 1, Some(2), 4, 5),
        code::CREAT_X => (None, 1, None, 3, 4),
        code::OPENAT_X => (Some(1), 2, Some(3), 5, 6),
        code::OPENAT2_X => (Some(1), 2, Some(3), 6, 7),
        _ => (None, 3, Some(2), 4, 5),
    };
    let mut name = parameters.text(name_at);
    let mut flags = flags_at.and_then(|at| parameters.u32(at)).unwrap_or(0);
    if number == code::CREAT_X {
        let layer = parameters.u32(5).unwrap_or(0);
        flags = match layer {
            layer if layer & 1 != 0 => UPPER_LAYER,
            layer if layer & 2 != 0 => LOWER_LAYER,
            _ => 0,
        };
    }
    let mut dirfd = dirfd_at.and_then(|at| parameters.signed(at));
    // What the call was given cannot be changed behind its back, as memory can until its exit.
    if let Some(entry) = entry {
        let at = usize::from(dirfd_at.is_some());
        let told = entry.text(at);
        if told != b"<NA>" {
            name = told;
            let given = entry.number(at + 1).filter(|_| number != code::CREAT_X);
            let given = given.and_then(|given| u32::try_from(given).ok()).unwrap_or(0);
            flags = given | flags & !(F_CREATED - 1);
            if dirfd_at.is_some() {
                dirfd = entry.number(0);
            }
        }
    }
    let mut buffer = [0; 1024];
    // Behind the parameters that captures know our sensor puts the path that the kernel opened,
    // whatever links and threads have made of the name.
    let led_to = parameters.get(ino_at + 1 + usize::from(number == code::CREAT_X));
    let full = match (number, dirfd_at) {
        (number, _) if !led_to.is_empty() && number != code::OPEN_BY_HANDLE_AT_X => {
            without_nul(led_to)
        }
        (code::OPEN_BY_HANDLE_AT_X, _) => path::joined(b"", name, &mut buffer),
        (_, None) => {
            let cwd = state.threads.main_thread(place).map_or(&b"./"[..], |thread| &thread.cwd);
            path::joined(cwd, name, &mut buffer)
        }
        (_, Some(_)) => match dirfd {
            Some(dirfd) => folder(state, step, name, dirfd).join(name, &mut buffer),
            None => path::joined(b"", name, &mut buffer),
        },
    };
    let kind = if flags & O_DIRECTORY != 0 {
        DescriptorKind::Directory
    } else {
        DescriptorKind::FileWithFlags
    };
    let full = texts.get(full);
    let name_raw = if *full == *name { Arc::clone(&full) } else { texts.get(name) };
    state.texts = texts;
    let file = Fd {
        open_flags: flags,
        dev: parameters.u32(dev_at).unwrap_or(0),
        ino: parameters.unsigned(ino_at).unwrap_or(0),
        name: full,
        name_raw,
        ..Fd::new(kind)
    };
    step.open(state, fd, file);
}

/// Both ends of a pipe; the event is about the second.
pub(super) fn pipe(state: &mut State, step: &mut Step<'_>) {
    if !step.succeeded() || step.thread.is_none() {
        return;
    }
    let parameters = step.parameters;
    let (Some(first), Some(second)) = (parameters.signed(1), parameters.signed(2)) else { return };
    let file = Fd {
        ino: parameters.unsigned(3).unwrap_or(0),
        open_flags: parameters.u32(4).unwrap_or(0),
        ..Fd::new(DescriptorKind::Pipe)
    };
    let file = Arc::new(file);
    step.open_shared(state, first, Arc::clone(&file));
    step.open_shared(state, second, file);
}

/// A file descriptor without a file, of which little more is known than what it is for.
pub(super) fn anonymous(state: &mut State, step: &mut Step<'_>) {
    let Some(fd) = step.result().filter(|fd| *fd >= 0) else { return };
    let given = |at| step.parameters.u32(at).unwrap_or(0);
    let (kind, flags) = match step.event_type.code {
        code::EVENTFD_X => (DescriptorKind::Event, 0),
        code::EVENTFD2_X => (DescriptorKind::Event, given(1)),
        code::SIGNALFD_X => (DescriptorKind::Signal, 0),
        code::SIGNALFD4_X => (DescriptorKind::Signal, given(1)),
        code::TIMERFD_CREATE_X => (DescriptorKind::Timer, given(2)),
        code::INOTIFY_INIT_X => (DescriptorKind::Inotify, 0),
        code::INOTIFY_INIT1_X => (DescriptorKind::Inotify, given(1)),
        code::BPF_X => (DescriptorKind::Bpf, 0),
        code::USERFAULTFD_X => (DescriptorKind::UserFault, 0),
        code::IO_URING_SETUP_X => (DescriptorKind::IoUring, 0),
        code::EPOLL_CREATE1_X if given(1) & EPOLL_CLOEXEC != 0 => {
            (DescriptorKind::EventPoll, O_CLOEXEC)
        }
        _ => (DescriptorKind::EventPoll, 0),
    };
    step.open(state, fd, Fd { open_flags: flags, ..Fd::new(kind) });
}

/// `memfd_create`
pub(super) fn memory(state: &mut State, step: &mut Step<'_>) {
    let Some(fd) = step.result().filter(|fd| *fd >= 0) else { return };
    let name = Text::from(step.parameters.text(1));
    let open_flags = step.parameters.u32(2).unwrap_or(0);
    step.open(state, fd, Fd { name, open_flags, ..Fd::new(DescriptorKind::Memory) });
}

/// `pidfd_open`
pub(super) fn process(state: &mut State, step: &mut Step<'_>) {
    let Some(fd) = step.result().filter(|fd| *fd >= 0) else { return };
    let pid = step.parameters.signed(1).unwrap_or(-1);
    let name = Text::from(format!("/proc/{pid}").as_bytes());
    let open_flags = step.parameters.u32(2).unwrap_or(0);
    step.open(state, fd, Fd { name, open_flags, pid, ..Fd::new(DescriptorKind::Process) });
}

/// `pidfd_getfd`: another process's file.
pub(super) fn from_process(state: &mut State, step: &mut Step<'_>) {
    let (Some(fd), Some(place)) = (step.result().filter(|fd| *fd >= 0), step.thread) else {
        return;
    };
    let numbers = (step.parameters.signed(1), step.parameters.signed(2));
    let (Some(pidfd), Some(target)) = numbers else { return };
    let known = state.fd(place, pidfd).filter(|fd| fd.kind == DescriptorKind::Process);
    let other = known.and_then(|fd| state.threads.find(fd.pid));
    let Some(mut file) = other.and_then(|other| state.fd(other, target)).cloned() else { return };
    file.set_close_on_exec(true);
    step.open(state, fd, file);
}

/// `close`; the file is known until the next event.
pub(super) fn close(state: &mut State, step: &mut Step<'_>) {
    if step.succeeded()
        && let Some(fd) = step.fd
        && step.file(state).is_some()
    {
        state.closing = Some((step.tid, fd));
    }
}

/// `close_range`
pub(super) fn close_range(state: &mut State, step: &mut Step<'_>) {
    let Some(place) = step.thread.filter(|_| step.succeeded()) else { return };
    let bound = |at| step.parameters.u32(at).map_or(0, i64::from);
    let range = bound(1)..=bound(2);
    let only_on_exec = step.parameters.u32(3).unwrap_or(0) & CLOSE_RANGE_CLOEXEC != 0;
    let owner = state.threads.owner(place);
    let Some(thread) = owner.and_then(|owner| state.threads.get_mut(owner)) else { return };
    let Some(fds) = Descriptors::own(&mut thread.fds, &state.room) else { return };
    if only_on_exec {
        for number in fds.numbers().into_iter().filter(|number| range.contains(number)) {
            if let Some(fd) = fds.get_mut(number) {
                fd.open_flags |= O_CLOEXEC;
            }
        }
    } else {
        fds.retain(|number, _| !range.contains(&number));
    }
}

/// `dup` and its kin.
pub(super) fn duplicate(state: &mut State, step: &mut Step<'_>) {
    use crate::syscall::state::thread::{PIPE_DST, PIPE_SRC};
    let (Some(to), Some(place)) = (step.result().filter(|fd| *fd >= 0), step.thread) else {
        return;
    };
    let Some(from) = step.fd else { return };
    let Some(owner) = state.threads.owner(place).and_then(|owner| state.threads.get(owner)) else {
        return;
    };
    let Some(mut file) = owner.fds.shared(from) else { return };
    let on_exec = step.event_type.code == code::DUP3_X
        && step.parameters.u32(3).is_some_and(|flags| flags & O_CLOEXEC != 0);
    // A shell that joins processes by a pipe.
    if let Some(thread) = state.threads.get_mut(place) {
        thread.flags |= match to {
            0 => PIPE_DST,
            1 => PIPE_SRC,
            _ => 0,
        };
    }
    Arc::make_mut(&mut file).set_close_on_exec(on_exec);
    step.open_shared(state, to, file);
    step.renamed = false;
}

/// `fcntl`, as far as it duplicates a file or says whether it is closed on `execve`.
pub(super) fn fcntl(state: &mut State, step: &mut Step<'_>) {
    let Some(result) = step.result().filter(|result| *result >= 0) else { return };
    let command = step.parameters.unsigned(2).unwrap_or(0);
    match command {
        F_SETFD => {
            let on = step.parameters.unsigned(3).unwrap_or(0) & FD_CLOEXEC != 0;
            if let Some(fd) = step.file_mut(state) {
                fd.set_close_on_exec(on);
            }
        }
        F_DUPFD | F_DUPFD_CLOEXEC => {
            let Some(mut file) = step.file(state).cloned() else { return };
            file.set_close_on_exec(command == F_DUPFD_CLOEXEC);
            step.open(state, result, file);
            step.renamed = false;
        }
        _ => {}
    }
}

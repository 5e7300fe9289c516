//! What an event changes in what is known: libsinsp's `parsers.cpp`.

mod identity;
mod open;
mod process;
mod socket;
mod transfer;

use std::sync::Arc;

use super::state::thread::Entry;
use super::state::{Descriptors, Fd, Place, State};
use crate::scap::codes as code;
use crate::scap::schema::{ASIDE, EventType, USES_FD};
use crate::scap::{Converted, Parameters, RawEvent};
pub(crate) use open::{AT_FDCWD, folder_of};

/// An event while it is taken in: whose it is and which file it is about.
pub(crate) struct Step<'e> {
    pub(crate) time: u64,
    pub(crate) tid: i64,
    pub(crate) number: u64,
    pub(crate) cpu: u16,
    pub(crate) event_type: &'static EventType,
    pub(crate) parameters: &'e Parameters<'e>,
    pub(crate) thread: Option<Place>,
    /// The number of the file that it is about; whether that is known is asked when it is used.
    pub(crate) fd: Option<i64>,
    /// The file got another name.
    pub(crate) renamed: bool,
    /// How long the thread has run when another takes its processor.
    pub(crate) run: u64,
}

/// Events that stand for no thread.
fn is_of_no_thread(number: u16) -> bool {
    matches!(
        number,
        code::CONTAINER_E
            | code::USER_ADDED_E
            | code::USER_DELETED_E
            | code::GROUP_ADDED_E
            | code::GROUP_DELETED_E
            | code::PLUGINEVENT_E
            | code::ASYNCEVENT_E
    )
}

impl<'e> Step<'e> {
    pub(crate) fn new(converted: &'e Converted<'e>, raw: &RawEvent<'_>, number: u64) -> Self {
        Self {
            time: raw.time,
            tid: raw.tid,
            number,
            cpu: raw.cpu,
            event_type: converted.event_type,
            parameters: &converted.parameters,
            thread: None,
            fd: None,
            renamed: false,
            run: 0,
        }
    }

    /// What a system call gave back.
    pub(crate) fn result(&self) -> Option<i64> {
        result(self.event_type, self.parameters)
    }

    pub(crate) fn succeeded(&self) -> bool {
        self.result().is_some_and(|result| result >= 0)
    }

    fn code(&self) -> u16 {
        self.event_type.code
    }

    /// The file that the event is about, where it is known.
    fn file<'s>(&self, state: &'s State) -> Option<&'s Fd> {
        state.fd(self.thread?, self.fd?)
    }

    fn file_mut<'s>(&self, state: &'s mut State) -> Option<&'s mut Fd> {
        state.fd_mut(self.thread?, self.fd?)
    }

    /// Opens a file, which the event is about from then on.
    fn open(&mut self, state: &mut State, number: i64, fd: Fd) {
        self.open_shared(state, number, Arc::new(fd));
    }

    fn open_shared(&mut self, state: &mut State, number: i64, fd: Arc<Fd>) {
        let Some(place) = self.thread else { return };
        // A new file had no name before.
        self.renamed = !fd.name.is_empty();
        self.fd = state.add_fd(place, number, fd).then_some(number);
    }

    /// The entry of this call, where it was kept.
    fn entry<'s>(&self, state: &'s State) -> Option<&'s Entry> {
        let thread = state.threads.get(self.thread?)?;
        let entry = thread.entry.as_deref()?;
        let kept = entry.code?;
        let own = self.code() - 1;
        // A successful `execveat` ends as an `execve`.
        let fits = kept == own || (self.code() == code::EXECVE_X && kept == code::EXECVEAT_E);
        (fits && thread.last_event == Some(kept)).then_some(entry)
    }
}

/// What a system call gave back: the first parameter of its exit.
pub(crate) fn result(event_type: &EventType, parameters: &Parameters<'_>) -> Option<i64> {
    let has = event_type.system_call
        && event_type.is_exit()
        && event_type.code != code::GENERIC_X
        && !parameters.is_empty();
    if !has {
        return None;
    }
    match parameters.get(0).len() {
        4 | 8 => parameters.signed(0),
        _ => Some(0),
    }
}

/// Takes an event in. Afterwards the state is what it is when rules judge the event.
pub(crate) fn apply(state: &mut State, step: &mut Step<'_>) {
    if let Some(tid) = state.leaving.take() {
        let ptid = state.threads.by_tid(tid).map_or(-1, |thread| thread.ptid);
        state.recently_gone.note(tid, ptid, step.time);
        state.threads.remove(tid);
    }
    if let Some((tid, fd)) = state.closing.take()
        && let Some(place) = state.threads.find(tid)
        && let Some(owner) = state.threads.owner(place)
        && let Some(thread) = state.threads.get_mut(owner)
        && let Some(fds) = Descriptors::own(&mut thread.fds, &state.room)
    {
        fds.remove(fd);
    }
    prepare(state, step);
    change(state, step);
    if step.event_type.is_exit()
        && let Some(place) = step.thread
        && let Some(entry) = state.threads.get_mut(place).and_then(|thread| thread.entry.as_mut())
    {
        entry.code = None;
    }
    if step.code() == code::SWITCH_E {
        step.run = state.switch(step.cpu, step.time);
        if let Some(thread) = step.thread.and_then(|place| state.threads.get_mut(place)) {
            thread.run_time = thread.run_time.wrapping_add(step.run);
        }
    } else if let Some(place) = step.thread
        && let Some(thread) = state.threads.get_mut(place)
    {
        thread.last_time = step.time;
    }
}

/// Finds the thread and the file of an event: libsinsp's `sinsp_parser::reset`.
fn prepare(state: &mut State, step: &mut Step<'_>) {
    let number = step.code();
    if step.event_type.is(ASIDE) {
        if number == code::PROCINFO_E {
            step.thread = state.threads.find(step.tid);
        }
        return;
    }
    if is_of_no_thread(number) {
        return;
    }
    step.thread = state.threads.find_for_event(step.tid);
    // Of these a thread that is not known is not made up: it is about to be, or is gone.
    let made_up = !matches!(
        number,
        code::CLONE_X
            | code::CLONE3_X
            | code::FORK_X
            | code::VFORK_X
            | code::SWITCH_E
            | code::PROCEXIT_E
    );
    if step.thread.is_none() && made_up {
        step.thread = state.threads.add(super::state::Thread::unknown(step.tid), step.time);
    }
    if number == code::SWITCH_E {
        return;
    }
    let Some(place) = step.thread else { return };
    let Some(thread) = state.threads.get_mut(place) else { return };
    let descriptor = step.event_type.descriptor.and_then(|at| step.parameters.signed(at));
    let uses = step.event_type.is(USES_FD);
    if step.event_type.is_exit() {
        let continues = thread.last_event.is_some_and(|last| {
            number == last + 1 || (number == code::EXECVE_X && last == code::EXECVEAT_E)
        });
        if !continues || thread.last_fd == -1 {
            thread.last_fd = if uses { descriptor.unwrap_or(-1) } else { -1 };
        }
    } else {
        thread.last_event = Some(number);
        thread.last_fd = if uses { descriptor.unwrap_or(-1) } else { -1 };
    }
    if uses {
        step.fd = Some(thread.last_fd).filter(|fd| *fd >= 0);
    }
}

/// Whether the entry of a call is kept for its exit.
fn keep(state: &mut State, step: &Step<'_>) {
    let Some(thread) = step.thread.and_then(|place| state.threads.get_mut(place)) else { return };
    // Entries of older versions say nothing.
    let silent = !matches!(step.code(), code::EXECVEAT_E | code::CONNECT_E);
    if silent && step.parameters.get(0).is_empty() {
        return;
    }
    thread.entry.get_or_insert_default().keep(step.code(), step.parameters);
}

fn change(state: &mut State, step: &mut Step<'_>) {
    match step.code() {
        code::OPEN_E
        | code::CREAT_E
        | code::OPENAT_E
        | code::OPENAT2_E
        | code::EXECVE_E
        | code::EXECVEAT_E
        | code::CONNECT_E => keep(state, step),
        code::READ_X
        | code::READV_X
        | code::PREAD_X
        | code::PREADV_X
        | code::RECV_X
        | code::RECVFROM_X
        | code::RECVMSG_X
        | code::RECVMMSG_X => transfer::read(state, step),
        code::WRITE_X
        | code::WRITEV_X
        | code::PWRITE_X
        | code::PWRITEV_X
        | code::SEND_X
        | code::SENDTO_X
        | code::SENDMSG_X
        | code::SENDMMSG_X => transfer::write(state, step),
        code::OPEN_X
        | code::CREAT_X
        | code::OPENAT_X
        | code::OPENAT2_X
        | code::OPEN_BY_HANDLE_AT_X => open::file(state, step),
        code::CLONE_X | code::FORK_X | code::VFORK_X | code::CLONE3_X => process::born(state, step),
        code::EXECVE_X | code::EXECVEAT_X => process::execute(state, step),
        code::PROCEXIT_E => process::ends(state, step),
        code::PIPE_X | code::PIPE2_X => open::pipe(state, step),
        code::SOCKET_X => socket::socket(state, step),
        code::BIND_X => socket::bind(state, step),
        code::CONNECT_X => socket::connect(state, step),
        code::ACCEPT_X | code::ACCEPT4_X => socket::accept(state, step),
        code::SOCKETPAIR_X => socket::pair(state, step),
        code::CLOSE_X => open::close(state, step),
        code::CLOSE_RANGE_X => open::close_range(state, step),
        code::FCNTL_X => open::fcntl(state, step),
        code::DUP_X | code::DUP2_X | code::DUP3_X => open::duplicate(state, step),
        code::EVENTFD_X
        | code::EVENTFD2_X
        | code::SIGNALFD_X
        | code::SIGNALFD4_X
        | code::TIMERFD_CREATE_X
        | code::INOTIFY_INIT_X
        | code::INOTIFY_INIT1_X
        | code::BPF_X
        | code::USERFAULTFD_X
        | code::IO_URING_SETUP_X
        | code::EPOLL_CREATE_X
        | code::EPOLL_CREATE1_X => open::anonymous(state, step),
        code::MEMFD_CREATE_X => open::memory(state, step),
        code::PIDFD_OPEN_X => open::process(state, step),
        code::PIDFD_GETFD_X => open::from_process(state, step),
        code::CHDIR_X | code::FCHDIR_X | code::GETCWD_X => process::moves(state, step),
        code::CHROOT_X => process::changes_root(state, step),
        code::PRCTL_X => process::controls(state, step),
        code::SWITCH_E | code::BRK_X | code::MMAP_X | code::MMAP2_X | code::MUNMAP_X => {
            process::memory(state, step);
        }
        code::GETRLIMIT_X | code::SETRLIMIT_X | code::PRLIMIT_X => process::limits(state, step),
        code::SETRESUID_X
        | code::SETREUID_X
        | code::SETUID_X
        | code::SETRESGID_X
        | code::SETREGID_X
        | code::SETGID_X
        | code::SETSID_X
        | code::CAPSET_X
        | code::UNSHARE_X
        | code::SETNS_X => identity::change(state, step),
        code::USER_ADDED_E | code::USER_DELETED_E | code::GROUP_ADDED_E | code::GROUP_DELETED_E => {
            identity::account(state, step);
        }
        code::CONTAINER_E | code::ASYNCEVENT_E => identity::container(state, step),
        _ => {}
    }
}

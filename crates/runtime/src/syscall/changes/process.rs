//! Threads are born, run programs, move and end.

use std::sync::Arc;

use super::Step;
use super::open::folder;
use crate::scap::codes as code;
use crate::syscall::state::container::Cgroups;
use crate::syscall::state::thread::{self, Thread};
use crate::syscall::state::{Descriptors, Place, SAME_CHILD, State, Text, path, reuse};

const EXE_WRITABLE: u32 = 1;
const EXE_UPPER_LAYER: u32 = 1 << 1;
const EXE_FROM_MEMFD: u32 = 1 << 2;
const EXE_LOWER_LAYER: u32 = 1 << 3;
const AT_EMPTY_PATH: u32 = 1;
const PR_SET_CHILD_SUBREAPER: u32 = 36;
const PR_GET_CHILD_SUBREAPER: u32 = 37;
const RLIMIT_NOFILE: u64 = 7;
/// What keeps its place over `execve`.
const KEPT: u32 =
    thread::PIPE_SRC | thread::PIPE_DST | thread::IS_MAIN_THREAD | thread::CLONE_INVERTED;

/// `clone` and its kin: seen by the caller and by the child, in whichever order.
pub(super) fn born(state: &mut State, step: &mut Step<'_>) {
    match step.result() {
        Some(0) => seen_by_child(state, step),
        Some(child) if child > 0 => seen_by_caller(state, step, child),
        _ => {}
    }
}

/// Finds a thread, or makes one up of which nothing is known.
fn find_or_make(state: &mut State, tid: i64, time: u64) -> Option<Place> {
    state.threads.find(tid).or_else(|| state.threads.add(Thread::unknown(tid), time))
}

fn seen_by_caller(state: &mut State, step: &mut Step<'_>, child_tid: i64) {
    let parameters = step.parameters;
    step.thread = find_or_make(state, step.tid, step.time);
    let Some(place) = step.thread else { return };
    let Some(caller) = state.threads.get_mut(place) else { return };
    let known = !caller.is_invalid();
    if !known {
        caller.pid = parameters.signed(4).unwrap_or(-1);
        caller.ptid = parameters.signed(5).unwrap_or(-1);
        let inside = parameters.signed(18).zip(parameters.signed(19));
        (caller.vtid, caller.vpid) = inside.unwrap_or((step.tid, -1));
    }
    let in_container = caller.vtid != step.tid;
    if !known {
        state.threads.link(place);
    }
    let flags = parameters.u32(15).unwrap_or(0);
    // Numbers of another namespace mean nothing here, and the child of a vfork is over by now.
    let left_to_child = thread::CHILD_IN_PIDNS | thread::CLONE_NEWPID | thread::CLONE_PARENT;
    if flags & left_to_child != 0
        || in_container
        || flags & thread::CLONE_VFORK != 0
        || step.event_type.code == code::VFORK_X
        || state.recently_gone.has(child_tid, step.tid, step.time)
    {
        return;
    }
    if let Some(existing) = state.threads.by_tid(child_tid) {
        if existing.has(thread::CLONE_INVERTED) {
            return;
        }
        // Its end was missed.
        state.threads.remove(child_tid);
    }
    let Some(caller) = state.threads.get(place) else { return };
    let mut child = Thread::new(child_tid);
    child.flags = flags;
    if flags & thread::CLONE_THREAD == 0 {
        child.pid = child_tid;
        child.ptid = caller.tid;
    } else {
        child.pid = caller.pid;
        child.ptid = caller.ptid;
        child.flags |= thread::CLONE_FILES;
    }
    child.vtid = child.tid;
    child.vpid = child.pid;
    child.pidns_start = state.machine.boot_time;
    let source = known.then_some(place);
    inherit(state, &mut child, source, step);
    let (exe, comm, args) = (child.exe.clone(), child.comm.clone(), child.args.clone());
    if !known && let Some(caller) = state.threads.get_mut(place) {
        (caller.exe, caller.comm, caller.args) = (exe, comm, args);
    }
    if let Some(child) = state.threads.add(child, step.time) {
        state.threads.link(child);
    }
}

fn seen_by_child(state: &mut State, step: &mut Step<'_>) {
    let parameters = step.parameters;
    if let Some(known) = step.thread.and_then(|place| state.threads.get(place))
        && known.clone_time != 0
    {
        if step.time.saturating_sub(known.clone_time) < SAME_CHILD {
            return;
        }
        state.threads.remove(step.tid);
    }
    let mut child = Thread::new(step.tid);
    child.pid = parameters.signed(4).unwrap_or(-1);
    child.ptid = parameters.signed(5).unwrap_or(-1);
    let inside = parameters.signed(18).zip(parameters.signed(19));
    (child.vtid, child.vpid) = inside.unwrap_or((child.tid, -1));
    child.flags = parameters.u32(15).unwrap_or(0) | thread::CLONE_INVERTED;
    let leads = !child.has(thread::CLONE_THREAD);
    let source_tid = if leads { child.ptid } else { child.pid };
    if !leads {
        child.flags |= thread::CLONE_FILES;
    }
    let Some(source) = find_or_make(state, source_tid, step.time) else {
        step.thread = None;
        return;
    };
    let known = state.threads.get(source).is_some_and(|thread| !thread.is_invalid());
    if !known && !leads {
        if let Some(main) = state.threads.get_mut(source) {
            main.pid = child.pid;
            main.ptid = child.ptid;
            main.vpid = child.vpid;
            main.vtid = child.vpid;
        }
        state.threads.link(source);
    }
    child.pidns_start = if child.in_pid_namespace() || child.has(thread::CLONE_NEWPID) {
        parameters.unsigned(20).map_or(0, |start| start.saturating_add(state.machine.boot_time))
    } else {
        state.machine.boot_time
    };
    inherit(state, &mut child, known.then_some(source), step);
    if !known && !leads {
        let (exe, comm, args) = (child.exe.clone(), child.comm.clone(), child.args.clone());
        if let Some(main) = state.threads.get_mut(source) {
            (main.exe, main.comm, main.args) = (exe, comm, args);
        }
    }
    step.thread = state.threads.add(child, step.time);
    if let Some(place) = step.thread {
        state.threads.link(place);
    }
}

/// What a child has from its event and from the thread that it comes from.
fn inherit(state: &State, child: &mut Thread, source: Option<Place>, step: &Step<'_>) {
    let parameters = step.parameters;
    if let Some(source) = source.and_then(|place| state.threads.get(place)) {
        let leads = !child.has(thread::CLONE_THREAD);
        // Texts are mostly the same: they are compared with these and shared.
        child.exe = source.exe.clone();
        child.comm = source.comm.clone();
        child.args = source.args.clone();
        child.cgroups = Arc::clone(&source.cgroups);
        child.exepath = source.exepath.clone();
        child.exe_writable = source.exe_writable;
        child.exe_upper_layer = source.exe_upper_layer;
        child.exe_lower_layer = source.exe_lower_layer;
        child.exe_from_memfd = source.exe_from_memfd;
        child.root = source.root.clone();
        child.sid = source.sid;
        child.vpgid = source.vpgid;
        child.pgid = source.pgid;
        child.tty = source.tty;
        child.loginuid = source.loginuid;
        child.cap_permitted = source.cap_permitted;
        child.cap_inheritable = source.cap_inheritable;
        child.cap_effective = source.cap_effective;
        child.exe_ino = source.exe_ino;
        child.exe_ino_ctime = source.exe_ino_ctime;
        child.exe_ino_mtime = source.exe_ino_mtime;
        child.exe_ino_ctime_duration_clone = source.exe_ino_ctime_duration_clone;
        if leads {
            let main = source_main(state, source);
            let owner = if source.has(thread::CLONE_FILES) { main } else { Some(source) };
            if let Some(owner) = owner {
                child.fds = Arc::clone(&owner.fds);
            }
            child.cwd = main.map_or_else(|| Text::from(&b"./"[..]), |main| main.cwd.clone());
            child.env = source.env.clone();
        }
    }
    child.exe = reuse(&child.exe, parameters.text(1));
    let comm = if parameters.get(13).is_empty() { parameters.text(1) } else { parameters.text(13) };
    child.comm = reuse(&child.comm, comm);
    child.args = reuse(&child.args, thread::without_nul(parameters.get(2)));
    child.fdlimit = parameters.signed(7).unwrap_or(-1);
    set_memory(child, step, 8);
    child.uid = parameters.u32(16).unwrap_or(u32::MAX);
    child.gid = parameters.u32(17).unwrap_or(u32::MAX);
    let cgroups = parameters.get(14);
    child.cgroups =
        if cgroups.is_empty() { Cgroups::none() } else { Cgroups::reuse(&child.cgroups, cgroups) };
    child.clone_time = step.time;
}

fn source_main<'s>(state: &'s State, source: &'s Thread) -> Option<&'s Thread> {
    if source.is_main() { Some(source) } else { state.threads.by_tid(source.pid) }
}

/// Page faults and memory, which stand behind each other from a place on.
fn set_memory(thread: &mut Thread, step: &Step<'_>, at: usize) {
    let parameters = step.parameters;
    if parameters.get(at + 4).is_empty() {
        return;
    }
    thread.pfmajor = parameters.unsigned(at).unwrap_or(0);
    thread.pfminor = parameters.unsigned(at + 1).unwrap_or(0);
    thread.vmsize_kb = parameters.u32(at + 2).unwrap_or(0);
    thread.vmrss_kb = parameters.u32(at + 3).unwrap_or(0);
    thread.vmswap_kb = parameters.u32(at + 4).unwrap_or(0);
}

/// `execve` and `execveat`
pub(super) fn execute(state: &mut State, step: &mut Step<'_>) {
    if !step.succeeded() {
        return;
    }
    let Some(place) = step.thread else { return };
    let parameters = step.parameters;
    // Older versions do not say which file it was.
    let told = parameters.get(27);
    let exepath = if told.is_empty() {
        rebuilt_exepath(state, step)
    } else {
        Some(parameters.text(27).to_vec())
    };
    if state.threads.get(place).is_some_and(Thread::is_dead) {
        state.threads.resurrect(place);
    }
    let Some(thread) = state.threads.get_mut(place) else { return };
    thread.exe = reuse(&thread.exe, parameters.text(1));
    let comm = if parameters.get(13).is_empty() { parameters.text(1) } else { parameters.text(13) };
    thread.comm = reuse(&thread.comm, comm);
    thread.args = reuse(&thread.args, thread::without_nul(parameters.get(2)));
    let pid = parameters.signed(4).unwrap_or(thread.pid);
    let unknown = thread.is_invalid();
    if unknown {
        thread.pid = pid;
        thread.ptid = parameters.signed(5).unwrap_or(-1);
        if !thread.has(thread::CHILD_IN_PIDNS) {
            thread.vtid = thread.tid;
            thread.vpid = thread.pid;
        }
        state.threads.link(place);
    }
    let Some(thread) = state.threads.get_mut(place) else { return };
    thread.fdlimit = parameters.signed(7).unwrap_or(-1);
    set_memory(thread, step, 8);
    if !parameters.get(15).is_empty() {
        thread.env = reuse(&thread.env, thread::without_nul(parameters.get(15)));
    }
    if !parameters.get(14).is_empty() {
        thread.cgroups = Cgroups::reuse(&thread.cgroups, parameters.get(14));
    }
    if let Some(exepath) = exepath {
        thread.set_exepath(&exepath);
    }
    let present = |at: usize| parameters.u32(at);
    thread.tty = present(16).unwrap_or(thread.tty);
    thread.vpgid = parameters.signed(17).unwrap_or(thread.vpgid);
    thread.loginuid = present(18).unwrap_or(thread.loginuid);
    if let Some(flags) = present(19) {
        thread.exe_writable = flags & EXE_WRITABLE != 0;
        thread.exe_upper_layer = flags & EXE_UPPER_LAYER != 0;
        thread.exe_from_memfd = flags & EXE_FROM_MEMFD != 0;
        thread.exe_lower_layer = flags & EXE_LOWER_LAYER != 0;
    }
    if let Some(effective) = parameters.unsigned(22) {
        thread.cap_inheritable = parameters.unsigned(20).unwrap_or(0);
        thread.cap_permitted = parameters.unsigned(21).unwrap_or(0);
        thread.cap_effective = effective;
    }
    if let Some(modified) = parameters.unsigned(25) {
        thread.exe_ino = parameters.unsigned(23).unwrap_or(0);
        thread.exe_ino_ctime = parameters.unsigned(24).unwrap_or(0);
        thread.exe_ino_mtime = modified;
        if thread.clone_time != 0 {
            thread.exe_ino_ctime_duration_clone =
                thread.clone_time.wrapping_sub(thread.exe_ino_ctime);
        }
        if thread.pidns_start != 0 && thread.exe_ino_ctime > thread.pidns_start {
            thread.exe_ino_ctime_duration_pidns = thread.exe_ino_ctime - thread.pidns_start;
        }
    }
    thread.uid = present(26).unwrap_or(thread.uid);
    thread.pgid = parameters.signed(28).unwrap_or(-1);
    thread.gid = present(29).unwrap_or(thread.gid);
    thread.flags = thread::ACTIVE | thread.flags & KEPT;
    if thread.fds.iter().any(|(_, fd)| fd.closes_on_exec())
        && let Some(fds) = Descriptors::own(&mut thread.fds, &state.room)
    {
        fds.retain(|_, fd| !fd.closes_on_exec());
    }
    // The other threads of a process end when one runs another program.
    let Some(thread) = state.threads.get(place) else { return };
    if state.threads.alive(thread) > 1 {
        let (own, pid) = (thread.tid, thread.pid);
        let others = state.threads.members(thread);
        let others = others.into_iter().filter(|tid| *tid != own && *tid != pid);
        others.for_each(|tid| state.threads.remove(tid));
    }
}

/// The file of a program by what its call was given.
fn rebuilt_exepath(state: &State, step: &Step<'_>) -> Option<Vec<u8>> {
    let entry = step.entry(state)?;
    let mut buffer = [0; 1024];
    if entry.code == Some(code::EXECVE_E) {
        let name = entry.text(0);
        if name == b"<NA>" {
            return Some(name.to_vec());
        }
        let cwd = state.threads.main_thread(step.thread?).map_or(&b"./"[..], |main| &main.cwd);
        return Some(path::joined(cwd, name, &mut buffer).to_vec());
    }
    let dirfd = entry.number(0)?;
    let name = entry.text(1);
    let flags = entry.number(2).and_then(|flags| u32::try_from(flags).ok()).unwrap_or(0);
    let empty_path = flags & AT_EMPTY_PATH != 0;
    let folder = folder(state, step, name, dirfd);
    if (!empty_path && name == b"<NA>") || folder.is_unknown() {
        return Some(b"<NA>".to_vec());
    }
    if empty_path {
        let fd = state.fd(step.thread?, dirfd)?;
        return Some(path::joined(b"", &fd.name, &mut buffer).to_vec());
    }
    Some(folder.join(name, &mut buffer).to_vec())
}

/// A thread ends; it is known until the next event.
pub(super) fn ends(state: &mut State, step: &mut Step<'_>) {
    let Some(place) = step.thread else { return };
    state.threads.mark_dead(place);
    state.leaving = Some(step.tid);
    if let Some(thread) = state.threads.get_mut(place) {
        thread.reaper = step.parameters.signed(4).unwrap_or(-1);
    }
}

/// The working folder changes or is asked for.
pub(super) fn moves(state: &mut State, step: &Step<'_>) {
    if !step.succeeded() {
        return;
    }
    let name;
    let path = if step.event_type.code == code::FCHDIR_X {
        let Some(file) = step.file(state) else { return };
        name = Arc::clone(&file.name);
        &*name
    } else {
        step.parameters.text(1)
    };
    let main = step.thread.and_then(|place| state.threads.main(place));
    if let Some(main) = main.and_then(|main| state.threads.get_mut(main)) {
        main.set_cwd(path);
    }
}

/// `chroot`
pub(super) fn changes_root(state: &mut State, step: &Step<'_>) {
    let Some(place) = step.thread.filter(|_| step.result() == Some(0)) else { return };
    let path = step.parameters.text(1);
    let mut buffer = [0; 1024];
    let root = if path.first() == Some(&b'/') {
        path
    } else {
        let cwd = state.threads.main_thread(place).map_or(&b"./"[..], |main| &main.cwd);
        path::joined(cwd, path, &mut buffer)
    };
    let root = Text::from(root);
    if let Some(thread) = state.threads.get_mut(place) {
        thread.root = root;
    }
}

/// `prctl`, as far as it says who takes over children.
pub(super) fn controls(state: &mut State, step: &Step<'_>) {
    if !step.succeeded() {
        return;
    }
    let option = step.parameters.u32(1);
    if !matches!(option, Some(PR_SET_CHILD_SUBREAPER | PR_GET_CHILD_SUBREAPER)) {
        return;
    }
    let Some(thread) = step.thread.and_then(|place| state.threads.get(place)) else { return };
    if !thread.is_invalid() {
        let (pid, on) = (thread.pid, step.parameters.signed(3).unwrap_or(0) != 0);
        state.threads.set_reaper(pid, on);
    }
}

/// How much memory there is.
pub(super) fn memory(state: &mut State, step: &Step<'_>) {
    let Some(place) = step.thread else { return };
    let parameters = step.parameters;
    if step.event_type.code != code::SWITCH_E {
        let Some(thread) = state.threads.get_mut(place) else { return };
        thread.vmsize_kb = parameters.u32(1).unwrap_or(thread.vmsize_kb);
        if let Some(swap) = parameters.u32(3) {
            thread.vmrss_kb = parameters.u32(2).unwrap_or(0);
            thread.vmswap_kb = swap;
        }
        return;
    }
    let Some(swap) = parameters.u32(5) else { return };
    if let Some(thread) = state.threads.get_mut(place) {
        thread.pfmajor = parameters.unsigned(1).unwrap_or(0);
        thread.pfminor = parameters.unsigned(2).unwrap_or(0);
    }
    let main = state.threads.main(place);
    if let Some(main) = main.and_then(|main| state.threads.get_mut(main)) {
        main.vmsize_kb = parameters.u32(3).unwrap_or(0);
        main.vmrss_kb = parameters.u32(4).unwrap_or(0);
        main.vmswap_kb = swap;
    }
}

/// How many files a process may have open.
pub(super) fn limits(state: &mut State, step: &Step<'_>) {
    let parameters = step.parameters;
    let prlimit = step.event_type.code == code::PRLIMIT_X;
    let resource = parameters.unsigned(if prlimit { 6 } else { 3 });
    let current = parameters.signed(1).unwrap_or(-1);
    if !step.succeeded() || resource != Some(RLIMIT_NOFILE) || current == -1 {
        return;
    }
    let place = match parameters.signed(5).filter(|_| prlimit) {
        None if prlimit => return,
        None | Some(0) => step.thread,
        Some(tid) => state.threads.find(tid),
    };
    let place = place
        .filter(|at| !prlimit || state.threads.get(*at).is_some_and(|thread| !thread.is_invalid()));
    let main = place.and_then(|place| state.threads.main(place));
    if let Some(main) = main.and_then(|main| state.threads.get_mut(main)) {
        main.fdlimit = current;
    }
}

//! What is known of a thread.

use std::sync::Arc;

use super::container::Cgroups;
use super::texts::Texts;
use super::{Descriptors, Text, empty, reuse};
use crate::scap::{Parameters, Process};

pub(crate) const CLONE_FILES: u32 = 1;
pub(crate) const CLONE_NEWPID: u32 = 1 << 6;
pub(crate) const CLONE_PARENT: u32 = 1 << 8;
pub(crate) const CLONE_THREAD: u32 = 1 << 13;
/// The child's event came before its parent's.
pub(crate) const CLONE_INVERTED: u32 = 1 << 16;
pub(crate) const CLOSED: u32 = 1 << 18;
pub(crate) const ACTIVE: u32 = 1 << 19;
pub(crate) const CLONE_NEWUSER: u32 = 1 << 20;
pub(crate) const PIPE_SRC: u32 = 1 << 21;
pub(crate) const PIPE_DST: u32 = 1 << 22;
pub(crate) const CLONE_VFORK: u32 = 1 << 27;
pub(crate) const CHILD_IN_PIDNS: u32 = 1 << 29;
pub(crate) const IS_MAIN_THREAD: u32 = 1 << 30;

/// All capabilities.
pub(crate) const ALL_CAPABILITIES: u64 = (1 << 41) - 1;

/// The place of a thread in its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place(pub(super) u32);

/// A thread, with what its process has where it is the first of it.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is a field that rules ask for")]
pub(crate) struct Thread {
    pub(crate) tid: i64,
    pub(crate) pid: i64,
    pub(crate) ptid: i64,
    pub(crate) vtid: i64,
    pub(crate) vpid: i64,
    pub(crate) sid: i64,
    pub(crate) vpgid: i64,
    pub(crate) pgid: i64,
    pub(crate) reaper: i64,
    pub(crate) comm: Text,
    pub(crate) exe: Text,
    pub(crate) exepath: Text,
    /// Each ends with NUL, but perhaps the last.
    pub(crate) args: Text,
    pub(crate) env: Text,
    /// Ends with a slash.
    pub(crate) cwd: Text,
    pub(crate) root: Text,
    pub(crate) cgroups: Arc<Cgroups>,
    pub(crate) flags: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) loginuid: u32,
    pub(crate) tty: u32,
    pub(crate) fdlimit: i64,
    pub(crate) vmsize_kb: u32,
    pub(crate) vmrss_kb: u32,
    pub(crate) vmswap_kb: u32,
    pub(crate) pfmajor: u64,
    pub(crate) pfminor: u64,
    pub(crate) cap_permitted: u64,
    pub(crate) cap_effective: u64,
    pub(crate) cap_inheritable: u64,
    pub(crate) exe_ino: u64,
    pub(crate) exe_ino_ctime: u64,
    pub(crate) exe_ino_mtime: u64,
    pub(crate) exe_ino_ctime_duration_clone: u64,
    pub(crate) exe_ino_ctime_duration_pidns: u64,
    pub(crate) exe_writable: bool,
    pub(crate) exe_upper_layer: bool,
    pub(crate) exe_lower_layer: bool,
    pub(crate) exe_from_memfd: bool,
    /// Nanoseconds since 1970; 0 where it began before the capture.
    pub(crate) clone_time: u64,
    pub(crate) pidns_start: u64,
    pub(crate) fds: Arc<Descriptors>,
    /// The file descriptor of the last event.
    pub(crate) last_fd: i64,
    pub(crate) last_event: Option<u16>,
    pub(crate) last_time: u64,
    /// How long it has run, as far as its processors were seen to change.
    pub(crate) run_time: u64,
    /// The parameters of a call's entry that its exit compares with its own.
    pub(crate) entry: Option<Box<Entry>>,
    pub(super) links: Links,
}

/// Where a thread stands among others, by place.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Links {
    /// It belongs to the group of its process, at this place there.
    pub(super) group: Option<u32>,
    pub(super) parent: Option<u32>,
    pub(super) next: Option<u32>,
    pub(super) previous: Option<u32>,
    pub(super) child: Option<u32>,
}

/// An event on entry, kept until the exit.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entry {
    /// Its type; none once it is used.
    pub(crate) code: Option<u16>,
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Entry {
    /// What it takes, in bytes.
    pub(super) fn size(&self) -> usize {
        self.bytes.capacity()
    }

    pub(crate) fn keep(&mut self, code: u16, parameters: &Parameters<'_>) {
        self.code = Some(code);
        self.bytes.clear();
        self.ends.clear();
        for value in parameters.iter() {
            self.bytes.extend_from_slice(value);
            self.ends.push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
        }
    }

    pub(crate) fn get(&self, at: usize) -> &[u8] {
        let end = self.ends.get(at).map_or(0, |end| *end as usize);
        let begin =
            at.checked_sub(1).and_then(|at| self.ends.get(at)).map_or(0, |end| *end as usize);
        self.bytes.get(begin..end).unwrap_or_default()
    }

    /// A text without the NUL behind it.
    pub(crate) fn text(&self, at: usize) -> &[u8] {
        let bytes = self.get(at);
        if bytes.is_empty() {
            return b"<NA>";
        }
        let end = memchr::memchr(0, bytes).unwrap_or(bytes.len());
        bytes.get(..end).unwrap_or_default()
    }

    pub(crate) fn number(&self, at: usize) -> Option<i64> {
        let bytes = self.get(at);
        match *bytes {
            [a, b, c, d] => Some(i64::from(i32::from_le_bytes([a, b, c, d]))),
            _ => bytes.try_into().ok().map(i64::from_le_bytes),
        }
    }
}

impl Thread {
    pub(crate) fn new(tid: i64) -> Self {
        Self {
            tid,
            pid: -1,
            ptid: -1,
            vtid: -1,
            vpid: -1,
            sid: -1,
            vpgid: -1,
            pgid: -1,
            reaper: -1,
            comm: empty(),
            exe: empty(),
            exepath: empty(),
            args: empty(),
            env: empty(),
            cwd: empty(),
            root: empty(),
            cgroups: Cgroups::none(),
            flags: 0,
            uid: u32::MAX,
            gid: u32::MAX,
            loginuid: u32::MAX,
            tty: 0,
            fdlimit: -1,
            vmsize_kb: 0,
            vmrss_kb: 0,
            vmswap_kb: 0,
            pfmajor: 0,
            pfminor: 0,
            cap_permitted: 0,
            cap_effective: 0,
            cap_inheritable: 0,
            exe_ino: 0,
            exe_ino_ctime: 0,
            exe_ino_mtime: 0,
            exe_ino_ctime_duration_clone: 0,
            exe_ino_ctime_duration_pidns: 0,
            exe_writable: false,
            exe_upper_layer: false,
            exe_lower_layer: false,
            exe_from_memfd: false,
            clone_time: 0,
            pidns_start: 0,
            fds: super::no_descriptors(),
            last_fd: 0,
            last_event: None,
            last_time: 0,
            run_time: 0,
            entry: None,
            links: Links::default(),
        }
    }

    /// A thread of which only an event is known.
    pub(crate) fn unknown(tid: i64) -> Self {
        Self { comm: super::not_available(), exe: super::not_available(), ..Self::new(tid) }
    }

    /// What a capture says of it.
    pub(super) fn from_capture(from: &Process, texts: &mut Texts) -> Self {
        let mut thread = Self {
            pid: from.pid,
            ptid: from.ptid,
            vtid: from.vtid,
            vpid: from.vpid,
            sid: from.sid,
            vpgid: from.vpgid,
            pgid: from.pgid,
            comm: texts.get(&from.comm),
            exe: texts.get(&from.exe),
            args: texts.get(without_nul(&from.args)),
            root: texts.get(&from.root),
            cgroups: texts.cgroups(&from.cgroups),
            flags: from.flags | ACTIVE,
            uid: from.uid,
            gid: from.gid,
            loginuid: from.loginuid,
            tty: from.tty,
            fdlimit: from.fdlimit,
            vmsize_kb: from.vmsize_kb,
            vmrss_kb: from.vmrss_kb,
            vmswap_kb: from.vmswap_kb,
            pfmajor: from.pfmajor,
            pfminor: from.pfminor,
            cap_permitted: from.cap_permitted,
            cap_effective: from.cap_effective,
            cap_inheritable: from.cap_inheritable,
            exe_ino: from.exe_ino,
            exe_ino_ctime: from.exe_ino_ctime,
            exe_ino_mtime: from.exe_ino_mtime,
            exe_writable: from.exe_writable,
            exe_upper_layer: from.exe_upper_layer,
            exe_lower_layer: from.exe_lower_layer,
            exe_from_memfd: from.exe_from_memfd,
            pidns_start: from.pidns_init_start,
            ..Self::new(from.tid)
        };
        thread.set_exepath(&from.exepath);
        thread.exepath = texts.get(&thread.exepath);
        if thread.is_main() {
            thread.env = texts.get(without_nul(&from.env));
            thread.set_cwd(&from.cwd);
            thread.cwd = texts.get(&thread.cwd);
        }
        thread
    }

    pub(crate) fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    pub(crate) fn is_main(&self) -> bool {
        self.tid == self.pid || self.has(IS_MAIN_THREAD)
    }

    pub(crate) fn is_invalid(&self) -> bool {
        self.tid < 0 || self.pid < 0 || self.ptid < 0
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.has(CLOSED)
    }

    pub(crate) fn in_pid_namespace(&self) -> bool {
        self.has(CHILD_IN_PIDNS) || (self.tid != self.vtid && self.vtid >= 0)
    }

    pub(crate) fn set_exepath(&mut self, path: &[u8]) {
        let path = path.strip_suffix(b" (deleted)").filter(|path| !path.is_empty()).unwrap_or(path);
        self.exepath = reuse(&self.exepath, path);
    }

    /// Sets the working folder, relative to the one before where it is.
    pub(crate) fn set_cwd(&mut self, path: &[u8]) {
        let mut buffer = [0; 1024];
        let joined = super::path::joined(&self.cwd, path, &mut buffer);
        let mut cwd = joined.to_vec();
        if cwd.last() != Some(&b'/') {
            cwd.push(b'/');
        }
        self.cwd = reuse(&self.cwd, &cwd);
    }

    /// Its arguments one by one.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = &[u8]> {
        list(&self.args)
    }
}

/// The texts of a list without its last NUL; an empty list has none.
pub(crate) fn list(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let some = !bytes.is_empty();
    bytes.split(|byte| *byte == 0).filter(move |_| some)
}

/// A list without the NUL behind its last text.
pub(crate) fn without_nul(list: &[u8]) -> &[u8] {
    list.strip_suffix(&[0]).unwrap_or(list)
}

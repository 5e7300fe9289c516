//! The process of an event, held by a descriptor: its number may not come to mean another meanwhile.

use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::PathBuf;

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use rustix::time::{ClockId, clock_gettime};

use crate::target::Target;

/// A process, and no other that has its number later.
#[derive(Debug)]
pub(crate) struct Living {
    pub(crate) fd: OwnedFd,
    is_kernels: bool,
}

/// Why there is no process to do anything to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Absent {
    /// It has ended, and perhaps another has its number.
    Gone(String),
    /// It cannot be looked at.
    Unknown(String),
}

/// `PF_KTHREAD` of `linux/sched.h`.
const KERNELS: u64 = 0x0020_0000;

impl Living {
    /// The process of an event.
    ///
    /// Whoever has the number now and ran already at the event is the one that had it then: a number
    /// belongs to one process at a time. The descriptor is opened before that is looked at, and keeps to
    /// whom it was opened for.
    pub(crate) fn open(target: &Target, clock: &Clock) -> Result<Self, Absent> {
        let ended = || Absent::Gone("the process has ended".to_owned());
        let pid =
            Pid::from_raw(target.pid).ok_or_else(|| Absent::Unknown("no process".to_owned()))?;
        let fd = match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(fd) => fd,
            Err(Errno::SRCH) => return Err(ended()),
            Err(error) => return Err(Absent::Unknown(error.to_string())),
        };
        let stat = fs::read_to_string(format!("/proc/{}/stat", target.pid)).map_err(|_| ended())?;
        let stat = Stat::read(&stat)
            .ok_or_else(|| Absent::Unknown("its `stat` in /proc cannot be read".to_owned()))?;
        if stat.is_over {
            return Err(ended());
        }
        if clock.began(stat.start) > target.time.saturating_add(clock.tick) {
            let why = "the process has ended, and a younger one has its number".to_owned();
            return Err(Absent::Gone(why));
        }
        Ok(Self { fd, is_kernels: stat.flags & KERNELS != 0 })
    }

    /// Whether it is a thread of the kernel.
    pub(crate) fn is_kernels(&self) -> bool {
        self.is_kernels
    }

    /// Whether the number still means it: it has not ended, or nobody has heard of its end yet.
    pub(crate) fn has(&self, pid: i32) -> bool {
        let info = format!("/proc/self/fdinfo/{}", self.fd.as_raw_fd());
        let text = fs::read_to_string(info).unwrap_or_default();
        let number = text.lines().find_map(|line| line.strip_prefix("Pid:"));
        number.and_then(|text| text.trim().parse().ok()) == Some(pid)
    }

    /// Another descriptor of it.
    pub(crate) fn again(&self) -> std::io::Result<Self> {
        Ok(Self { fd: self.fd.try_clone()?, is_kernels: self.is_kernels })
    }
}

/// What stands in `/proc/PID/stat` behind the name, which may have anything in it.
struct Stat {
    /// It only waits for its parent to hear of its end.
    is_over: bool,
    /// Its first thread has ended.
    is_headless: bool,
    parent: i32,
    flags: u64,
    /// In ticks since the machine's start.
    start: u64,
}

impl Stat {
    fn read(text: &str) -> Option<Self> {
        let (_, rest) = text.rsplit_once(')')?;
        let mut words = rest.split_whitespace();
        let has_ended = matches!(words.next()?, "Z" | "X" | "x");
        let parent = words.next()?.parse().ok()?;
        let flags = words.nth(4)?.parse().ok()?;
        let threads: u64 = words.nth(10)?.parse().ok()?;
        let start = words.nth(1)?.parse().ok()?;
        // The first thread may end before the others, which go on.
        let is_over = has_ended && threads <= 1;
        Some(Self { is_over, is_headless: has_ended && !is_over, parent, flags, start })
    }
}

fn stat(pid: i32) -> Option<Stat> {
    Stat::read(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The parent of a process.
pub(crate) fn parent(pid: i32) -> Option<i32> {
    Some(stat(pid)?.parent)
}

/// Whether a process has ended.
pub(crate) fn is_over(pid: i32) -> bool {
    stat(pid).is_none_or(|stat| stat.is_over)
}

/// Where the kernel tells of a process; of one whose first thread has ended it tells by another's.
fn folder(pid: i32) -> PathBuf {
    let own = PathBuf::from(format!("/proc/{pid}"));
    if !stat(pid).is_some_and(|stat| stat.is_headless) {
        return own;
    }
    let lives = |thread: &PathBuf| {
        let text = fs::read_to_string(thread.join("stat")).unwrap_or_default();
        let state = text.rsplit_once(')').and_then(|(_, rest)| rest.trim_start().chars().next());
        state.is_some_and(|state| !matches!(state, 'Z' | 'X' | 'x'))
    };
    let threads = fs::read_dir(own.join("task")).into_iter().flatten().flatten();
    threads.map(|entry| entry.path()).find(lives).unwrap_or(own)
}

/// The file that a process runs.
pub(crate) fn program(pid: i32) -> PathBuf {
    folder(pid).join("exe")
}

/// The control groups of a process: subsystems, of which version 2 has none, and paths.
pub(crate) fn groups(pid: i32) -> Option<Vec<(String, String)>> {
    let text = fs::read_to_string(folder(pid).join("cgroup")).ok()?;
    let group = |line: &str| {
        let mut parts = line.splitn(3, ':').skip(1);
        Some((parts.next()?.to_owned(), parts.next()?.to_owned()))
    };
    Some(text.lines().filter_map(group).collect())
}

/// When a process was started, in ticks since the machine was.
pub(crate) fn start(pid: i32) -> Option<u64> {
    Some(stat(pid)?.start)
}

/// Brings the kernel's times to the time of day.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    /// When the machine was started, in nanoseconds since 1970.
    boot: u64,
    /// How long a tick of `/proc` is.
    tick: u64,
}

const SECOND: u64 = 1_000_000_000;

impl Clock {
    pub(crate) fn new() -> Self {
        let per_second = rustix::param::clock_ticks_per_second().max(1);
        let boot = nanoseconds(ClockId::Realtime).saturating_sub(nanoseconds(ClockId::Boottime));
        Self { boot, tick: SECOND / per_second }
    }

    fn began(&self, ticks: u64) -> u64 {
        self.boot.saturating_add(ticks.saturating_mul(self.tick))
    }
}

/// The time of day, in nanoseconds since 1970.
pub(crate) fn now() -> u64 {
    nanoseconds(ClockId::Realtime)
}

fn nanoseconds(id: ClockId) -> u64 {
    let time = clock_gettime(id);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds.saturating_mul(SECOND).saturating_add(u64::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_name_with_brackets_does_not_move_the_words_behind_it() {
        let line = "7 (a) R 9 (b) S 3 7 7 0 -1 2097216 5 6 7 8 9 10 11 12 20 0 1 0 4711 99";
        let stat = Stat::read(line).unwrap();
        assert_eq!((stat.parent, stat.flags, stat.start), (3, 2_097_216, 4711));
        assert!(!stat.is_over && !stat.is_headless);
        let ended = Stat::read(&line.replace(" S 3", " Z 3")).unwrap();
        assert!(ended.is_over && !ended.is_headless);
        let threads = line.replace(" S 3", " Z 3").replace("20 0 1 0", "20 0 2 0");
        let threads = Stat::read(&threads).unwrap();
        assert!(!threads.is_over && threads.is_headless, "its other threads go on");
        assert!(Stat::read("7 (a) S").is_none());
        assert!(Stat::read("").is_none());
    }

    #[test]
    fn a_younger_process_with_the_number_is_not_the_one_of_the_event() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let clock = Clock::new();
        let pid = i32::try_from(child.id()).unwrap();
        let before = Target::made(pid, now() - 60 * SECOND, &[]);
        assert!(
            matches!(Living::open(&before, &clock), Err(Absent::Gone(why)) if why.contains("younger"))
        );
        let after = Target::made(pid, now(), &[]);
        let living = Living::open(&after, &clock).unwrap();
        assert!(!living.is_kernels() && living.has(pid) && living.again().unwrap().has(pid));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!living.has(pid), "its number may be another's now");
        assert!(matches!(Living::open(&after, &clock), Err(Absent::Gone(_))));
        assert!(Living::open(&Target::default(), &clock).is_err());
    }
}

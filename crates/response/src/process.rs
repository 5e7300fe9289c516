//! The process of an event, held by a descriptor: its number may not come to mean another meanwhile.

use std::fs;
use std::os::fd::OwnedFd;

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
}

/// What stands in `/proc/PID/stat` behind the name, which may have anything in it.
struct Stat {
    /// It only waits for its parent to hear of its end.
    is_over: bool,
    parent: i32,
    flags: u64,
    /// In ticks since the machine's start.
    start: u64,
}

impl Stat {
    fn read(text: &str) -> Option<Self> {
        let (_, rest) = text.rsplit_once(')')?;
        let mut words = rest.split_whitespace();
        let is_over = matches!(words.next()?, "Z" | "X" | "x");
        let parent = words.next()?.parse().ok()?;
        let flags = words.nth(4)?.parse().ok()?;
        let start = words.nth(12)?.parse().ok()?;
        Some(Self { is_over, parent, flags, start })
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
        assert!(!Living::open(&after, &clock).unwrap().is_kernels());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(matches!(Living::open(&after, &clock), Err(Absent::Gone(_))));
        assert!(Living::open(&Target::default(), &clock).is_err());
    }
}

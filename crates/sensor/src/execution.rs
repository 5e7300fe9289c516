//! Processes that the kernel kills at the end of a call: which, how many, and whether it did.
//!
//! The programs compare the call, the name of the process and its control group with a map (`bpf/kill.h`).
//! A container's control group is told to them when the first event of it is read; until then nobody in it
//! is killed by the kernel, but by whoever reads.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use libbpf_rs::{MapCore, MapFlags, MapHandle};
use plimsoll_runtime::scap::codes::GENERIC_X;

use crate::Error;
use crate::calls;
use crate::kernel::{self, Kernel, ONLY_SUCCESS, failed};
use crate::start;

/// The most control groups that are remembered.
const MOST_GROUPS: usize = 8_192;
/// The most responses: `MOST_RESPONSES` of `bpf/kill.h`.
const MOST_RESPONSES: usize = 1_024;
/// How long after its event a process is killed at most; one that is killed later or before is another.
const NEAR: u64 = 2_000_000_000;
const NAME: usize = 16;
/// `struct doom`.
const KEY: usize = 4 + 4 + 8 + NAME;

/// Who is killed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kill {
    /// At the end of which calls, by the types of their events.
    pub calls: Vec<&'static str>,
    /// Of which names, at most fifteen bytes each; none: of any.
    pub names: Vec<Vec<u8>>,
    /// Only by calls that succeed.
    pub only_success: bool,
    /// Processes of the machine as well as those in containers.
    pub anywhere: bool,
    /// The number of the response that allows it.
    pub response: usize,
}

impl Kill {
    /// The keys of the map, for a control group, or for any.
    fn keys(&self, group: u64) -> Vec<[u8; KEY]> {
        let mut keys = Vec::new();
        for call in self.numbers() {
            let none = [Vec::new()];
            let names = if self.names.is_empty() { none.as_slice() } else { &self.names };
            for name in names.iter().filter(|name| name.len() < NAME) {
                let mut key = [0_u8; KEY];
                let flags = if self.only_success { u32::from(ONLY_SUCCESS) } else { 0 };
                let parts = call
                    .to_ne_bytes()
                    .into_iter()
                    .chain(flags.to_ne_bytes())
                    .chain(group.to_ne_bytes());
                for (to, from) in key.iter_mut().zip(parts.chain(name.iter().copied())) {
                    *to = from;
                }
                keys.push(key);
            }
        }
        keys
    }

    fn numbers(&self) -> impl Iterator<Item = u32> {
        // Calls without an event of their own share one, and are known by their names; the engine knows
        // all others by their events: `execveat` ends as an `execve`.
        let answers = |call: &calls::Call, name: &str| {
            if call.event == GENERIC_X {
                call.name == name
            } else {
                call.event_type().is_some_and(|it| it.name == name)
            }
        };
        let wanted = move |call: &&calls::Call| self.calls.iter().any(|name| answers(call, name));
        calls::all().filter(wanted).map(|call| call.number)
    }
}

/// Tells the kernel whom it kills, and asks whom it has.
#[derive(Debug, Clone)]
pub struct Execution(Arc<Maps>);

#[derive(Debug)]
struct Maps {
    kills: Vec<Kill>,
    doomed: MapHandle,
    budgets: MapHandle,
    killed: MapHandle,
    executed: MapHandle,
    /// Control groups that were told already.
    groups: Mutex<HashSet<String>>,
    mount: Option<PathBuf>,
}

impl Execution {
    pub(crate) fn new(kernel: &Kernel, kills: Vec<Kill>, spared: &[i32]) -> Result<Self, Error> {
        let set = failed("tell its programs whom to kill");
        let map = kernel.map("spared")?;
        for pid in spared {
            map.update(&pid.to_ne_bytes(), &1_u32.to_ne_bytes(), MapFlags::ANY).map_err(&set)?;
        }
        let calls = kernel.map("calls")?;
        for number in kills.iter().flat_map(Kill::numbers) {
            let key = number.to_ne_bytes();
            let Some(mut value) = calls.lookup(&key, MapFlags::ANY).map_err(&set)? else {
                continue;
            };
            if let Some(flags) = value.get_mut(3) {
                *flags |= kernel::KILLS;
            }
            calls.update(&key, &value, MapFlags::ANY).map_err(&set)?;
        }
        let own = Self(Arc::new(Maps {
            kills,
            doomed: kernel.map("doomed")?,
            budgets: kernel.map("budgets")?,
            killed: kernel.map("killed")?,
            executed: kernel.map("executed")?,
            groups: Mutex::default(),
            mount: mount(&fs::read_to_string("/proc/self/mountinfo").unwrap_or_default()),
        }));
        own.doom(0, &|kill| kill.anywhere);
        own.begin();
        Ok(own)
    }

    /// Whether the control groups of containers can be told to the kernel.
    pub fn knows_containers(&self) -> bool {
        self.0.mount.is_some()
    }

    /// So many more may be killed for a response.
    pub fn allow(&self, response: usize, count: u32) {
        let Some(key) = u32::try_from(response).ok().filter(|_| response < MOST_RESPONSES) else {
            return;
        };
        let value = i64::from(count).to_ne_bytes();
        let _ = self.0.budgets.update(&key.to_ne_bytes(), &value, MapFlags::ANY);
    }

    /// Whether a process was killed at an event, which has its time in nanoseconds since 1970. It is told
    /// once.
    pub fn has_killed(&self, pid: i32, event: u64) -> bool {
        let key = pid.to_ne_bytes();
        let Some(value) = self.0.killed.lookup(&key, MapFlags::ANY).ok().flatten() else {
            return false;
        };
        let killed = value.first_chunk().copied().map_or(0, u64::from_ne_bytes);
        let is_near = killed.saturating_add(start::boot_time()).abs_diff(event) < NEAR;
        if is_near {
            let _ = self.0.killed.delete(&key);
        }
        is_near
    }

    /// How many processes were killed for a response.
    pub fn executed(&self, response: usize) -> u64 {
        let Ok(key) = u32::try_from(response) else { return 0 };
        let found = self.0.executed.lookup(&key.to_ne_bytes(), MapFlags::ANY).ok().flatten();
        found.and_then(|value| value.first_chunk().copied()).map_or(0, u64::from_ne_bytes)
    }

    /// How many processes were killed for all responses.
    pub fn count(&self) -> u64 {
        let responses: HashSet<usize> = self.0.kills.iter().map(|kill| kill.response).collect();
        responses.into_iter().map(|response| self.executed(response)).sum()
    }

    /// Containers that run already.
    fn begin(&self) {
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let name = entry.file_name();
            if !name.as_encoded_bytes().iter().all(u8::is_ascii_digit) {
                continue;
            }
            let text = fs::read_to_string(entry.path().join("cgroup")).unwrap_or_default();
            self.meet(&start::processes::groups(&text));
        }
    }

    /// Tells the kernel of the control groups of a container, in the first record that has them.
    pub(crate) fn meet(&self, groups: &[u8]) {
        let Some(path) = path_in_container(groups) else { return };
        let mut known = self.0.groups.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains(path) {
            return;
        }
        let Some(mount) = &self.0.mount else { return };
        let Ok(folder) = fs::metadata(mount.join(path.trim_start_matches('/'))) else { return };
        if known.len() >= MOST_GROUPS {
            known.clear();
        }
        known.insert(path.to_owned());
        self.doom(folder.ino(), &|kill| !kill.anywhere);
    }

    fn doom(&self, group: u64, which: &dyn Fn(&Kill) -> bool) {
        for kill in self.0.kills.iter().filter(|kill| which(kill)) {
            let Ok(response) = u32::try_from(kill.response) else { continue };
            for key in kill.keys(group) {
                let _ = self.0.doomed.update(&key, &response.to_ne_bytes(), MapFlags::ANY);
            }
        }
    }
}

/// The control group of memory, where that itself is a container's. While a container is made its first
/// process has some of its groups and some of the machine still, and what is told to the kernel would then
/// hold for the whole machine. Any other folder may look like a container; these have a runtime's number.
fn path_in_container(groups: &[u8]) -> Option<&str> {
    let memory = groups.split(|byte| *byte == 0).find(|one| one.starts_with(b"memory="))?;
    plimsoll_runtime::syscall::numbered_container_of(memory)?;
    std::str::from_utf8(memory.strip_prefix(b"memory=")?).ok()
}

/// Where the control groups of memory are mounted, of version 1, else those of version 2.
fn mount(mountinfo: &str) -> Option<PathBuf> {
    let mut unified = None;
    for line in mountinfo.lines() {
        let Some((before, behind)) = line.split_once(" - ") else { continue };
        let mut before = before.split(' ').skip(3);
        let (Some("/"), Some(place)) = (before.next(), before.next()) else { continue };
        let mut behind = behind.split(' ');
        match (behind.next(), behind.nth(1)) {
            (Some("cgroup"), Some(options)) if options.split(',').any(|it| it == "memory") => {
                return Some(Path::new(place).to_owned());
            }
            (Some("cgroup2"), _) => unified = Some(Path::new(place).to_owned()),
            _ => {}
        }
    }
    unified
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_the_call_the_group_and_the_name() {
        let kill = Kill {
            calls: vec!["mount"],
            names: vec![b"nc".to_vec(), b"a name that is too long".to_vec()],
            only_success: true,
            anywhere: false,
            response: 3,
        };
        let keys = kill.keys(0x0102);
        assert_eq!(keys.len(), 1, "names are cut by the kernel and would be another's");
        let number = calls::all().find(|call| call.name == "mount").unwrap().number;
        assert_eq!(keys[0][..4], number.to_ne_bytes());
        assert_eq!(keys[0][4..8], 2_u32.to_ne_bytes());
        assert_eq!(keys[0][8..16], 0x0102_u64.to_ne_bytes());
        assert_eq!(&keys[0][16..19], b"nc\0");
    }

    fn numbers(names: &[&'static str]) -> Vec<u32> {
        let kill = Kill {
            calls: names.to_vec(),
            names: Vec::new(),
            only_success: false,
            anywhere: false,
            response: 0,
        };
        kill.numbers().collect()
    }

    #[test]
    fn a_call_without_an_event_of_its_own_is_meant_by_its_name_alone() {
        let number = |name: &str| calls::all().find(|call| call.name == name).unwrap().number;
        // The engine has the generic event among the types of such a rule.
        assert_eq!(numbers(&["pivot_root", "syscall"]), [number("pivot_root")]);
        assert_eq!(numbers(&["syscall"]), [0; 0]);
    }

    #[test]
    fn a_call_that_ends_as_another_is_meant_by_that_ones_name() {
        let number = |name: &str| calls::all().find(|call| call.name == name).unwrap().number;
        assert_eq!(numbers(&["execveat"]), [0; 0]);
        assert_eq!(numbers(&["fchmodat2"]), [0; 0]);
        assert_eq!(numbers(&["execve"]), [number("execve"), number("execveat")]);
    }

    #[test]
    fn a_folder_that_only_looks_like_a_container_is_not_told() {
        for path in
            ["/system.slice/systemd-udevd.service/udev", "/machine.slice/x.scope/libvirt/emulator"]
        {
            assert_eq!(path_in_container(format!("memory={path}\0").as_bytes()), None, "{path}");
        }
    }

    #[test]
    fn a_process_that_is_only_half_in_a_container_tells_of_no_group() {
        let id = "f1c2d3e4a5b6978812345678901234567890abcdefabcdefabcdefabcdefabcd";
        let half = format!("cpuset=/docker/{id}\0cpu=/docker/{id}\0memory=/\0");
        assert_eq!(path_in_container(half.as_bytes()), None);
        let whole = format!("cpuset=/docker/{id}\0memory=/docker/{id}\0");
        assert_eq!(path_in_container(whole.as_bytes()), Some(&*format!("/docker/{id}")));
        assert_eq!(path_in_container(b""), None);
    }

    #[test]
    fn the_hierarchy_of_memory_is_found() {
        let two = "31 24 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
        assert_eq!(mount(two), Some(PathBuf::from("/sys/fs/cgroup")));
        assert_eq!(
            mount(&format!("odd\n{two}")),
            mount(two),
            "one odd line does not hide the others"
        );
        let one = format!("{two}33 24 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
        assert_eq!(mount(&one), Some(PathBuf::from("/sys/fs/cgroup/memory")));
        assert_eq!(mount(""), None);
    }
}

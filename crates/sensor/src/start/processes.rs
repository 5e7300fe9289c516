//! Threads from `/proc`.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use plimsoll_runtime::scap::Process;

/// The most bytes of arguments, environment or control groups.
const LIST: usize = 4096;
/// `CLONE_FILES` and `CLONE_THREAD` in the numbers of captures.
const THREAD: u32 = 1 | 1 << 13;
/// Control groups of version 2 stand for all of these.
const UNIFIED: [&str; 5] = ["cpuset", "cpu", "cpuacct", "io", "memory"];

/// Every thread that can be read.
pub(super) fn all() -> io::Result<Vec<Process>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Ok(entry) = entry else { continue };
        let Some(pid) = number(&entry.file_name()) else { continue };
        let Some(main) = read(&entry.path(), pid, pid) else { continue };
        let tasks = fs::read_dir(entry.path().join("task"));
        let tids: Vec<i64> = tasks
            .map(|tasks| tasks.flatten().filter_map(|task| number(&task.file_name())).collect())
            .unwrap_or_default();
        found.push(main.clone());
        for tid in tids.into_iter().filter(|tid| *tid != pid) {
            found.extend(thread(&entry.path(), &main, tid));
        }
    }
    Ok(found)
}

pub(super) fn number(name: &std::ffi::OsStr) -> Option<i64> {
    name.to_str()?.parse().ok()
}

/// Another thread of a process: what is the same is not read again.
fn thread(folder: &Path, main: &Process, tid: i64) -> Option<Process> {
    let folder = folder.join("task").join(tid.to_string());
    let mut thread = Process { tid, flags: THREAD, ..main.clone() };
    status(&fs::read_to_string(folder.join("status")).ok()?, &mut thread);
    thread.pid = main.pid;
    Some(thread)
}

fn read(folder: &Path, pid: i64, tid: i64) -> Option<Process> {
    let mut process = Process {
        tid,
        pid,
        sid: -1,
        vpgid: -1,
        pgid: -1,
        vtid: tid,
        vpid: pid,
        loginuid: u32::MAX,
        fdlimit: -1,
        ..Process::default()
    };
    status(&fs::read_to_string(folder.join("status")).ok()?, &mut process);
    let bytes = |name: &str| fs::read(folder.join(name)).unwrap_or_default();
    let arguments = bytes("cmdline");
    let exe = arguments.iter().position(|byte| *byte == 0).unwrap_or(arguments.len());
    process.exe = arguments.get(..exe).unwrap_or_default().to_vec();
    process.args = cut(arguments.get(exe + 1..).unwrap_or_default().to_vec());
    process.env = cut(bytes("environ"));
    let link = |name: &str| fs::read_link(folder.join(name)).unwrap_or_else(|_| PathBuf::new());
    let program = link("exe");
    let program = program.as_os_str().as_bytes();
    process.exepath = program.strip_suffix(b" (deleted)").unwrap_or(program).to_vec();
    process.cwd = link("cwd").as_os_str().as_bytes().to_vec();
    process.root = link("root").as_os_str().as_bytes().to_vec();
    if process.exe.is_empty() {
        process.exe.clone_from(&process.comm);
    }
    if let Ok(exe) = fs::metadata(folder.join("exe")) {
        let nanoseconds = |seconds: i64, rest: i64| {
            let seconds = u64::try_from(seconds).unwrap_or(0).saturating_mul(1_000_000_000);
            seconds.saturating_add(u64::try_from(rest).unwrap_or(0))
        };
        process.exe_ino = exe.ino();
        process.exe_ino_ctime = nanoseconds(exe.ctime(), exe.ctime_nsec());
        process.exe_ino_mtime = nanoseconds(exe.mtime(), exe.mtime_nsec());
        process.exe_from_memfd = process.exepath.starts_with(b"/memfd:");
    }
    process.loginuid =
        String::from_utf8_lossy(&bytes("loginuid")).trim().parse().unwrap_or(u32::MAX);
    process.cgroups = groups(&String::from_utf8_lossy(&bytes("cgroup")));
    stat(&String::from_utf8_lossy(&bytes("stat")), &mut process);
    Some(process)
}

/// A list that is not too long, whose last text ends with NUL.
fn cut(mut list: Vec<u8>) -> Vec<u8> {
    if list.len() > LIST {
        list.truncate(LIST);
        if let Some(last) = list.last_mut() {
            *last = 0;
        }
    }
    list
}

fn status(text: &str, process: &mut Process) {
    for line in text.lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        let mut words = value.split_whitespace();
        let hexadecimal = || u64::from_str_radix(value, 16).unwrap_or(0);
        match name {
            "Name" => process.comm = value.as_bytes().to_vec(),
            "PPid" => process.ptid = value.parse().unwrap_or(0),
            // Real, effective, saved, of the file system.
            "Uid" => process.uid = words.nth(1).and_then(|uid| uid.parse().ok()).unwrap_or(0),
            "Gid" => process.gid = words.nth(1).and_then(|gid| gid.parse().ok()).unwrap_or(0),
            // The last is that of the innermost namespace.
            "NStgid" => process.vpid = last(value).unwrap_or(process.pid),
            "NSpid" => process.vtid = last(value).unwrap_or(process.tid),
            "NSpgid" => process.vpgid = last(value).unwrap_or(-1),
            "NSsid" => process.sid = last(value).unwrap_or(-1),
            "VmSize" => process.vmsize_kb = first(value),
            "VmRSS" => process.vmrss_kb = first(value),
            "VmSwap" => process.vmswap_kb = first(value),
            "CapInh" => process.cap_inheritable = hexadecimal(),
            "CapPrm" => process.cap_permitted = hexadecimal(),
            "CapEff" => process.cap_effective = hexadecimal(),
            _ => {}
        }
    }
}

fn last(value: &str) -> Option<i64> {
    value.split_whitespace().last()?.parse().ok()
}

fn first(value: &str) -> u32 {
    value.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// The terminal, faults and process group; a name may have anything but its last parenthesis.
fn stat(text: &str, process: &mut Process) {
    let Some((_, rest)) = text.rsplit_once(") ") else { return };
    let cells: Vec<&str> = rest.split(' ').collect();
    let at = |place: usize| cells.get(place).copied().unwrap_or("0");
    process.pgid = at(2).parse().unwrap_or(-1);
    process.tty = at(4).parse().unwrap_or(0);
    process.pfminor = at(7).parse().unwrap_or(0);
    process.pfmajor = at(9).parse().unwrap_or(0);
}

/// `subsystem=path` of each, with NUL behind it.
pub(crate) fn groups(text: &str) -> Vec<u8> {
    let mut list: Vec<(String, &str)> = Vec::new();
    let mut unified = None;
    for line in text.lines() {
        let mut cells = line.splitn(3, ':');
        let (Some(_), Some(names), Some(path)) = (cells.next(), cells.next(), cells.next()) else {
            continue;
        };
        if names.is_empty() {
            unified = Some(path);
            continue;
        }
        for name in names.split(',').filter(|name| !name.starts_with("name=")) {
            let name = if name == "blkio" { "io" } else { name };
            list.push((name.to_owned(), path));
        }
    }
    // What version 1 does not hold, version 2 does.
    for name in UNIFIED {
        if let Some(path) = unified
            && !list.iter().any(|(known, _)| known == name)
        {
            list.push((name.to_owned(), path));
        }
    }
    // In the order of events, so that what is the same looks the same.
    let mut out = Vec::new();
    for name in UNIFIED {
        for (_, path) in list.iter().filter(|(known, _)| known == name) {
            if out.len() + name.len() + path.len() + 2 <= LIST {
                out.extend_from_slice(format!("{name}={path}\0").as_bytes());
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_groups_of_both_versions_are_named_alike() {
        assert_eq!(
            groups("0::/system.slice/docker-1.scope\n"),
            b"cpuset=/system.slice/docker-1.scope\0cpu=/system.slice/docker-1.scope\0\
              cpuacct=/system.slice/docker-1.scope\0io=/system.slice/docker-1.scope\0\
              memory=/system.slice/docker-1.scope\0"
        );
        assert_eq!(
            groups("4:memory:/docker/1\n3:cpu,cpuacct:/docker/1\n1:name=systemd:/x\n0::/\n"),
            b"cpuset=/\0cpu=/docker/1\0cpuacct=/docker/1\0io=/\0memory=/docker/1\0"
        );
        assert_eq!(groups("nonsense"), b"");
    }

    #[test]
    fn a_process_is_read_whatever_its_name_is() {
        let mut process = Process { pid: 7, tid: 7, ..Process::default() };
        stat("7 (a) b) c) S 1 5 5 34816 7 0 10 0 2 0 0", &mut process);
        assert_eq!(
            (process.pgid, process.tty, process.pfminor, process.pfmajor),
            (5, 34816, 10, 2)
        );
        status(
            "Name:\tx\nUid:\t1\t2\t3\t4\nNStgid:\t7\t1\nPPid:\t3\nCapEff:\t00000000a80425fb\n",
            &mut process,
        );
        assert_eq!((process.uid, process.vpid, process.ptid), (2, 1, 3));
        assert_eq!(process.cap_effective, 0xa804_25fb);
        stat("", &mut process);
        status("Uid:\n\nCapEff: zz", &mut process);
    }

    #[test]
    fn long_lists_are_cut_and_end_with_nul() {
        let list = cut(vec![b'a'; 5000]);
        assert_eq!((list.len(), list.last()), (LIST, Some(&0)));
    }
}

//! Open files of a process from `/proc/PID/fd`.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use plimsoll_runtime::scap::{Descriptor, DescriptorKind};

use super::sockets::Sockets;
use plimsoll_runtime::scap::Fix;

/// The most of one process.
const MOST: usize = 65_536;

/// The files that a process has open.
pub(super) fn of(pid: i64, sockets: &mut Sockets) -> Vec<Descriptor> {
    let folder = format!("/proc/{pid}");
    let folder = Path::new(&folder);
    let Ok(entries) = fs::read_dir(folder.join("fd")) else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| {
            let fd: i64 = entry.file_name().to_str()?.parse().ok()?;
            let target = fs::read_link(entry.path()).ok()?;
            Some(one(folder, fd, target.as_os_str().as_bytes(), sockets))
        })
        .take(MOST)
        .collect()
}

fn new(fd: i64, kind: DescriptorKind, name: &[u8]) -> Descriptor {
    Descriptor {
        fd,
        ino: 0,
        kind,
        name: name.to_vec(),
        flags: 0,
        dev: 0,
        ends: [(std::net::Ipv4Addr::UNSPECIFIED.into(), 0); 2],
        protocol: 0,
        unix: [0; 2],
    }
}

fn one(folder: &Path, fd: i64, target: &[u8], sockets: &mut Sockets) -> Descriptor {
    if let Some(ino) = inode(target, b"socket:[") {
        return sockets.of(folder, ino).map_or_else(
            || new(fd, DescriptorKind::Unsupported, b""),
            |found| Descriptor { fd, ..found },
        );
    }
    if let Some(ino) = inode(target, b"pipe:[") {
        return Descriptor { ino, ..new(fd, DescriptorKind::Pipe, b"") };
    }
    if let Some(name) = target.strip_prefix(b"anon_inode:") {
        return new(fd, anonymous(name), b"");
    }
    let mut found = new(fd, DescriptorKind::FileWithFlags, target);
    if let Ok(file) = fs::metadata(folder.join("fd").join(fd.to_string())) {
        found.ino = file.ino();
        found.dev = u32::try_from(file.dev()).unwrap_or(0);
        if file.is_dir() {
            found.kind = DescriptorKind::Directory;
        }
    }
    let info = fs::read_to_string(folder.join("fdinfo").join(fd.to_string())).unwrap_or_default();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|text| u64::from_str_radix(text.trim(), 8).ok()).unwrap_or(0);
    found.flags = u32::try_from(Fix::Open.apply(flags)).unwrap_or(0);
    found
}

/// The number in `socket:[123]`.
fn inode(target: &[u8], before: &[u8]) -> Option<u64> {
    let number = target.strip_prefix(before)?.strip_suffix(b"]")?;
    std::str::from_utf8(number).ok()?.parse().ok()
}

fn anonymous(name: &[u8]) -> DescriptorKind {
    match name {
        b"[eventfd]" => DescriptorKind::Event,
        b"[eventpoll]" => DescriptorKind::EventPoll,
        b"[signalfd]" => DescriptorKind::Signal,
        b"[timerfd]" => DescriptorKind::Timer,
        b"inotify" | b"[inotify]" => DescriptorKind::Inotify,
        // The kinds that came later (programs of BPF, rings, files in memory, processes) keep readers
        // of Debian's age from a whole capture.
        _ => DescriptorKind::Unsupported,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_say_what_is_open() {
        assert_eq!(inode(b"socket:[12]", b"socket:["), Some(12));
        assert_eq!(inode(b"socket:[x]", b"socket:["), None);
        assert_eq!(inode(b"/socket:[12]", b"socket:["), None);
        assert_eq!(anonymous(b"[eventpoll]"), DescriptorKind::EventPoll);
        assert_eq!(anonymous(b"bpf-map"), DescriptorKind::Unsupported);
        assert_eq!(anonymous(b"[new]"), DescriptorKind::Unsupported);
    }
}

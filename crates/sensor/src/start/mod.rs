//! What there is when the sensor begins: the machine, its processes and their files, its interfaces
//! and accounts, as the begin of a capture.
//!
//! After `userspace/libscap/linux/scap_procs.c` and `scap_fds.c` of falcosecurity/libs. A process that
//! ends meanwhile, or that may not be looked at, is known as far as it could be read.

mod accounts;
mod descriptors;
mod interfaces;
pub(crate) mod mapped;
pub(crate) mod processes;
mod sockets;

use std::fs;
use std::io;

use plimsoll_runtime::scap::{Machine, Writer};
use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds of a clock.
fn clock(id: ClockId) -> u64 {
    let time = clock_gettime(id);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(time.tv_nsec).unwrap_or(0))
}

/// Nanoseconds since the machine's start, with the time that it slept: what events are stamped with.
pub(crate) fn since_boot() -> u64 {
    clock(ClockId::Boottime)
}

/// When the machine was started, in nanoseconds since 1970.
pub(crate) fn boot_time() -> u64 {
    clock(ClockId::Realtime).saturating_sub(since_boot())
}

/// The begin of a capture: everything but events.
pub(crate) fn capture(boot_time: u64) -> io::Result<Vec<u8>> {
    let mut writer = Writer::new(Vec::new())?;
    writer.machine(&machine(boot_time))?;
    writer.interfaces(&interfaces::all())?;
    writer.accounts(&accounts::all())?;
    processes_and_files(&mut writer)?;
    writer.finish()
}

/// Processes and their files once more, as blocks of a capture that has begun: what was lost may have
/// changed them.
pub(crate) fn again() -> io::Result<Vec<u8>> {
    let mut writer = Writer::part(Vec::new());
    processes_and_files(&mut writer)?;
    writer.finish()
}

fn processes_and_files(writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
    let found = processes::all()?;
    let pids: Vec<i64> = found.iter().filter(|it| it.tid == it.pid).map(|it| it.pid).collect();
    writer.processes(found.into_iter())?;
    let mut sockets = sockets::Sockets::default();
    for pid in pids {
        let descriptors = descriptors::of(pid, &mut sockets);
        if !descriptors.is_empty() {
            writer.descriptors(pid, descriptors.into_iter())?;
        }
    }
    Ok(())
}

fn machine(boot_time: u64) -> Machine {
    let text = |path| fs::read_to_string(path).unwrap_or_default();
    let memory = text("/proc/meminfo");
    let memory = memory.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let memory = memory.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Machine {
        processors: u32::try_from(processors).unwrap_or(u32::MAX),
        memory: memory.unwrap_or(0).saturating_mul(1024),
        max_pid: text("/proc/sys/kernel/pid_max").trim().parse().unwrap_or(0),
        hostname: text("/proc/sys/kernel/hostname").trim().as_bytes().to_vec(),
        boot_time,
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_runtime::scap::{Item, Limits, Reader};

    use super::*;

    fn effective_user() -> u32 {
        use std::os::unix::fs::MetadataExt;
        fs::metadata("/proc/self").unwrap().uid()
    }

    #[test]
    fn processes_are_told_again_without_beginning_anew() {
        let mut capture = capture(boot_time()).unwrap();
        capture.extend_from_slice(&again().unwrap());
        let mut reader = Reader::new(capture.as_slice(), Limits::default()).unwrap();
        let own = i64::from(std::process::id());
        let (mut sections, mut told) = (0, 0);
        while let Some(item) = reader.next() {
            sections += u32::from(matches!(item, Item::Section));
            told += u32::from(matches!(&item, Item::Process(found) if found.tid == own));
        }
        assert_eq!((sections, told), (1, 2));
        assert_eq!(reader.problems(), []);
    }

    #[test]
    fn the_begin_tells_of_this_process_and_what_it_has_open() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let capture = capture(boot_time()).unwrap();
        let mut reader = Reader::new(capture.as_slice(), Limits::default()).unwrap();
        let own = i64::from(std::process::id());
        let (mut process, mut machine, mut root) = (None, None, false);
        let (mut names, mut ports) = (Vec::new(), Vec::new());
        while let Some(item) = reader.next() {
            match item {
                Item::Machine(found) => machine = Some(found),
                Item::Process(found) if found.tid == own => process = Some(found),
                Item::Descriptor(tid, found) if tid == own => {
                    names.push(String::from_utf8_lossy(&found.name).into_owned());
                    ports.extend(found.kind.is_ip().then_some(found.ends[1].1));
                }
                Item::Account(plimsoll_runtime::scap::Account::User { uid: 0, name, .. }) => {
                    root = name == b"root";
                }
                _ => {}
            }
        }
        assert_eq!(reader.problems(), []);
        let process = process.unwrap();
        assert_eq!(process.pid, own);
        assert_eq!(process.uid, effective_user());
        assert_eq!(
            process.exepath,
            std::env::current_exe().unwrap().as_os_str().as_encoded_bytes()
        );
        assert!(process.env.split(|byte| *byte == 0).any(|one| one.starts_with(b"PATH=")));
        assert!(names.contains(&file.path().display().to_string()), "{names:?}");
        assert!(ports.contains(&port), "{ports:?}");
        assert!(machine.unwrap().processors > 0 && root);
    }
}

//! The code that processes of containers have mapped, from `/proc/PID/maps`.

use std::fs;

use plimsoll_runtime::loaded::Running;
use plimsoll_runtime::syscall::container_of;

use super::processes;

/// The most files of one process.
const MOST: usize = 65_536;

/// Every process of a container that can be read.
pub(crate) fn all() -> Vec<Running> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let mut found = Vec::new();
    for entry in entries.flatten() {
        let Some(pid) = processes::number(&entry.file_name()) else { continue };
        let text = |name: &str| fs::read(entry.path().join(name)).unwrap_or_default();
        let groups = processes::groups(&String::from_utf8_lossy(&text("cgroup")));
        if container_of(&groups).is_none() {
            continue;
        }
        // What has ended meanwhile, or may not be looked at, may have had any code.
        let maps = fs::read(entry.path().join("maps")).ok();
        found.push(Running { pid, mapped: maps.and_then(|maps| mapped(&maps)) });
    }
    found
}

/// The files of mappings that may be executed, each once. A line has an address, protections, an
/// offset, a device, an inode and a path (`proc_pid_maps(5)`). None where there are too many.
fn mapped(maps: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut files: Vec<Vec<u8>> = Vec::new();
    for line in maps.split(|byte| *byte == b'\n') {
        let is_code = line.split(|byte| *byte == b' ').nth(1).is_some_and(|it| it.contains(&b'x'));
        let path = is_code.then(|| line.iter().position(|byte| *byte == b'/')).flatten();
        if let Some(path) = path.and_then(|at| line.get(at..)) {
            files.push(path.to_vec());
        }
    }
    files.sort_unstable();
    files.dedup();
    (files.len() <= MOST).then_some(files)
}

#[cfg(test)]
mod tests {
    use super::{MOST, mapped};

    #[test]
    fn what_may_be_executed_and_has_a_file_is_code() {
        let maps = b"55d0-55d1 r--p 00000000 fd:00 11 /usr/bin/cat
55d1-55d2 r-xp 00001000 fd:00 11                         /usr/bin/cat
7f00-7f01 r-xp 00002000 fd:00 12                         /usr/lib/a b.so (deleted)
7f01-7f02 r-xp 00000000 00:00 0                          [vdso]
7f02-7f03 rwxp 00000000 00:00 0
";
        let files: Vec<String> = mapped(maps)
            .unwrap()
            .iter()
            .map(|it| String::from_utf8_lossy(it).into_owned())
            .collect();
        assert_eq!(files, ["/usr/bin/cat", "/usr/lib/a b.so (deleted)"]);
        assert!(mapped(b"\xff\n x x\n").unwrap().is_empty());
    }

    #[test]
    fn too_many_files_are_not_known_instead_of_fewer() {
        let maps: Vec<String> =
            (0..=MOST).map(|at| format!("0-1 r-xp 0 0:0 1 /lib/{at}.so\n")).collect();
        assert_eq!(mapped(maps.concat().as_bytes()), None);
    }

    #[test]
    fn this_process_has_mapped_its_own_program() {
        let maps = std::fs::read("/proc/self/maps").unwrap();
        let own = std::env::current_exe().unwrap();
        assert!(mapped(&maps).unwrap().iter().any(|it| it == own.as_os_str().as_encoded_bytes()));
    }
}

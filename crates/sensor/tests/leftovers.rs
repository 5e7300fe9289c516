//! Nothing of the sensor stays in the kernel when its reader is killed: no program, no map, no link. Where
//! programs cannot be loaded into the kernel the test says so and passes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use libbpf_rs::query::{LinkInfoIter, MapInfoIter, ProgInfoIter};
use plimsoll_sensor::{Kill, Options, Selection, Stop};

/// What the child says once it watches.
const READY: &str = "the sensor runs";

/// Programs, maps and links by their numbers, which the kernel does not use again.
#[derive(Debug, Default, PartialEq, Eq)]
struct Objects {
    programs: BTreeSet<u32>,
    maps: BTreeSet<u32>,
    links: BTreeSet<u32>,
}

impl Objects {
    /// What a process holds by its descriptors.
    fn held_by(pid: u32) -> Self {
        let mut held = Self::default();
        for entry in fs::read_dir(format!("/proc/{pid}/fdinfo")).unwrap().flatten() {
            let text = fs::read_to_string(entry.path()).unwrap_or_default();
            // A link names its program too.
            let number = |name: &str| {
                let line = text.lines().find_map(|line| line.strip_prefix(name))?;
                line.trim().parse::<u32>().ok()
            };
            held.programs.extend(number("prog_id:"));
            held.maps.extend(number("map_id:"));
            held.links.extend(number("link_id:"));
        }
        held
    }

    /// Which of them are in the kernel now.
    fn still_there(&self) -> Self {
        Self {
            programs: ProgInfoIter::default()
                .map(|it| it.id)
                .filter(|id| self.programs.contains(id))
                .collect(),
            maps: MapInfoIter::default()
                .map(|it| it.id)
                .filter(|id| self.maps.contains(id))
                .collect(),
            links: LinkInfoIter::default()
                .map(|it| it.id)
                .filter(|id| self.links.contains(id))
                .collect(),
        }
    }
}

/// Killed where the test ends early, too.
struct Reader(Child);

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The process that is killed: only where the test below runs it.
#[test]
#[ignore = "it watches until it is killed"]
fn reader_that_is_killed() {
    let options =
        Options { selection: Selection::everything(), buffer: 1 << 20, ask_runtimes: false };
    match plimsoll_sensor::start(&options, Stop::default()) {
        Ok((mut live, _gauge)) => {
            let kill = Kill {
                calls: vec!["bpf"],
                names: vec![b"nobody".to_vec()],
                only_success: true,
                anywhere: true,
                response: 0,
            };
            live.kill(vec![kill], &[1]).unwrap();
            println!("{READY}");
            let mut piece = vec![0; 1 << 16];
            while live.read(&mut piece).unwrap() > 0 {}
        }
        Err(error) => println!("skipped: {error}"),
    }
}

#[test]
fn nothing_stays_in_the_kernel_when_the_reader_is_killed() {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "reader_that_is_killed"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut reader = Reader(child);
    let child = &mut reader.0;
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = said.find_map(|line| {
        let line = line.unwrap();
        (line.contains(READY) || line.contains("skipped")).then_some(line)
    });
    let first = first.unwrap();
    if !first.contains(READY) {
        println!("{first}");
        child.wait().unwrap();
        return;
    }
    let held = Objects::held_by(child.id());
    assert!(held.programs.len() >= 2 && held.links.len() == 2, "{held:?}");
    // Tables, rings by processor and what the kernel kills by.
    assert!(held.maps.len() >= 10, "{held:?}");
    assert_eq!(held.still_there().links, held.links);
    child.kill().unwrap();
    child.wait().unwrap();
    let none = Objects::default();
    let gone = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        held.still_there() == none
    });
    assert!(gone, "{:?}", held.still_there());
}

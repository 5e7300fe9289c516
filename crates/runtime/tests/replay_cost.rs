//! What a replay costs: no memory is asked for where nothing changes, and little is held.
#![allow(
    unsafe_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "an allocator that counts is unsafe to write; a test stops at the first surprise"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::{Cursor, Read};

use plimsoll_runtime::engine::{Engine, Matching};
use plimsoll_runtime::loader::{Loader, Options};
use plimsoll_runtime::scap::schema::CHANGES;
use plimsoll_runtime::scap::{Descriptor, DescriptorKind, Limits, Process, Writer};
use plimsoll_runtime::syscall::Capture;

/// Counts what the thread that asks has been given: each test runs in its own.
struct Counting;

thread_local! {
    static TIMES: Cell<u64> = const { Cell::new(0) };
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    if bytes > 0 {
        TIMES.set(TIMES.get() + 1);
    }
    HELD.set(HELD.get() + bytes);
    MOST.set(MOST.get().max(HELD.get()));
}

// SAFETY: everything is handed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        // SAFETY: the caller keeps the promises that `alloc` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        // SAFETY: as above, for `dealloc`.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The blocks of a capture before its first event, and the rest.
fn halves(name: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let path = plimsoll_testkit::shared("runtime/captures")?.join(name);
    let file = std::fs::File::open(path).unwrap();
    let mut bytes = Vec::new();
    flate2::read::MultiGzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let mut at = 0;
    while !matches!(number(at), 0x204 | 0x208 | 0x216 | 0x217) {
        at += number(at + 4) as usize;
    }
    let events = bytes.split_off(at);
    Some((bytes, events))
}

#[test]
fn an_event_that_changes_nothing_and_breaks_no_rule_costs_no_memory() {
    let Some((begin, events)) = halves("libs/curl_google.scap") else { return };
    let rules = plimsoll_testkit::shared("runtime/rules/published/falco_rules.yaml").unwrap();
    let mut published = Loader::new(Options::default());
    let text = std::fs::read_to_string(rules).unwrap();
    assert!(published.load("falco_rules.yaml", &text).is_loaded());
    let rules = published.definitions().rules.iter().filter(|rule| rule.enabled);
    let mut engine = Engine::new(rules, Matching::First);
    let warm = 2;
    let bytes = [begin, events.repeat(2 * warm)].concat();
    let mut capture = Capture::new(Cursor::new(&bytes), Limits::default()).unwrap();
    let mut all = 0;
    while capture.next().is_some() {
        all += 1;
    }
    let mut capture = Capture::new(Cursor::new(&bytes), Limits::default()).unwrap();
    let (mut number, mut quiet, mut matched) = (0, 0, Vec::new());
    let mut costly = Vec::new();
    // A file is closed, and a thread gone, when the next event comes.
    let mut after_change = true;
    loop {
        let given = TIMES.get();
        let Some(call) = capture.next() else { break };
        engine.judge(&call, &mut matched);
        let times = TIMES.get() - given;
        number += 1;
        let changes = call.event_type().is(CHANGES);
        let before = std::mem::replace(&mut after_change, changes);
        if number > all / 2 && !changes && !before && matched.is_empty() {
            quiet += 1;
            if times > 0 {
                costly.push(format!("{} of {}: {times}", call.event_type().name, call.tid()));
            }
        }
    }
    assert!(quiet > 1000, "{quiet} of {number}");
    assert!(costly.is_empty(), "{} of {quiet}: {:?}", costly.len(), &costly[..costly.len().min(9)]);
}

fn file(fd: i64, name: String) -> Descriptor {
    Descriptor {
        fd,
        ino: 7000 + fd.unsigned_abs(),
        kind: DescriptorKind::FileWithFlags,
        name: name.into_bytes(),
        flags: 1,
        dev: 0x801,
        ends: [(std::net::Ipv4Addr::UNSPECIFIED.into(), 0); 2],
        protocol: 0,
        unix: [0; 2],
    }
}

/// A machine with so many processes, ten to a container: 1 KiB of environment, a dozen files each.
fn machine(processes: i64) -> Vec<u8> {
    let process = |tid: i64| Process {
        tid,
        pid: tid,
        ptid: 1,
        sid: tid,
        vtid: tid,
        vpid: tid,
        comm: b"worker".to_vec(),
        exe: b"/usr/local/bin/worker".to_vec(),
        exepath: b"/usr/local/bin/worker".to_vec(),
        args: format!("--listen\x000.0.0.0:{tid}\0--config\0/etc/worker/{tid}.toml\0").into_bytes(),
        cwd: b"/var/lib/worker/".to_vec(),
        root: b"/".to_vec(),
        env: format!("NUMBER={tid}\0{}", "LANG=C.UTF-8\0PATH=/usr/bin:/bin\0".repeat(32))
            .into_bytes(),
        cgroups: format!("cpuset=/docker/{:064x}\0memory=/docker/{:064x}\0", tid / 10, tid / 10)
            .into_bytes(),
        ..Process::default()
    };
    let mut writer = Writer::new(Vec::new()).unwrap();
    writer.processes((1..=processes).map(process)).unwrap();
    for tid in 1..=processes {
        let files = (0..12).map(|fd| match fd {
            0..=2 => file(fd, "/dev/null".to_owned()),
            3..=7 => file(fd, format!("/usr/lib/x86_64-linux-gnu/libworker-{fd}.so.1")),
            _ => file(fd, format!("/var/lib/worker/{tid}/data-{fd}.db")),
        });
        writer.descriptors(tid, files).unwrap();
    }
    let mut bytes = writer.finish().unwrap();
    // An entry of `close` of the first process: with the first event all is put in order.
    let mut event = Vec::new();
    event.extend_from_slice(&0_u16.to_le_bytes());
    event.extend_from_slice(&1_700_000_000_000_000_000_u64.to_le_bytes());
    event.extend_from_slice(&1_i64.to_le_bytes());
    event.extend_from_slice(&(26_u32 + 2 + 8).to_le_bytes());
    event.extend_from_slice(&4_u16.to_le_bytes());
    event.extend_from_slice(&1_u32.to_le_bytes());
    event.extend_from_slice(&8_u16.to_le_bytes());
    event.extend_from_slice(&3_i64.to_le_bytes());
    event.resize(event.len().next_multiple_of(4), 0);
    let total = u32::try_from(event.len() + 12).unwrap().to_le_bytes();
    bytes.extend_from_slice(&0x216_u32.to_le_bytes());
    bytes.extend_from_slice(&total);
    bytes.extend_from_slice(&event);
    bytes.extend_from_slice(&total);
    bytes
}

#[test]
fn ten_thousand_processes_are_held_in_less_than_60_megabytes() {
    let bytes = machine(10_000);
    let before = HELD.get();
    MOST.set(before);
    let mut capture = Capture::new(Cursor::new(&bytes), Limits::default()).unwrap();
    assert!(capture.next().is_some());
    assert!(capture.next().is_none());
    assert_eq!((capture.threads(), capture.problems()), (10_000, &[][..]));
    let megabytes = (MOST.get() - before) / 1_000_000;
    println!("10,000 processes: {megabytes} MB");
    assert!(megabytes < 60, "{megabytes} MB");
}

#[test]
fn open_files_without_room_are_told_once_and_the_rest_is_kept() {
    let bytes = machine(100);
    let limits = Limits { open_files: 20_000, ..Limits::default() };
    let held = |limits| {
        let before = HELD.get();
        let mut capture = Capture::new(Cursor::new(&bytes), limits).unwrap();
        while capture.next().is_some() {}
        assert_eq!(capture.threads(), 100);
        (HELD.get() - before, capture)
    };
    let (whole, _) = held(Limits::default());
    let (bounded, capture) = held(limits);
    let problems: Vec<_> = capture.problems().iter().map(ToString::to_string).collect();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].contains("open files take more than 20000 bytes"), "{problems:?}");
    assert!(bounded + 150_000 < whole, "{bounded} of {whole}");
}

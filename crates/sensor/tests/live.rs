//! The sensor on this machine: every planted call is seen, with what it was given and what the kernel
//! made of it. Where programs cannot be loaded into the kernel the tests say so and pass.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::time::Duration;

use plimsoll_runtime::event::{Arena, Event, FieldRef, Value, Values};
use plimsoll_runtime::fields::Source;
use plimsoll_runtime::scap::Limits;
use plimsoll_runtime::syscall::{Capture, SystemCall};
use plimsoll_sensor::{Error, Gauge, Live, Options, Selection, Stop, Tally};

/// A field of an event in words.
fn field(call: &SystemCall<'_>, name: &str, argument: Option<&str>) -> String {
    let field = FieldRef::resolve(Source::Syscall, name, argument).unwrap();
    let arena = Arena::new();
    match call.field(&field, &arena) {
        Values::One(Value::Bytes(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
        Values::Absent => "-".to_owned(),
        other => format!("{other:?}"),
    }
}

/// What a program does while all calls are watched, by a look at each event; and the kernel's tally.
fn watched<T>(
    work: impl FnOnce() + Send + 'static,
    buffer: u64,
    look: impl FnMut(&SystemCall<'_>) -> Option<T>,
) -> Option<(Vec<T>, Tally, u64)> {
    watched_by(plimsoll_sensor::start, work, buffer, look)
}

/// How the sensor is started.
type Start = fn(&Options, Stop) -> Result<(Live, Gauge), Error>;

fn watched_by<T>(
    start: Start,
    work: impl FnOnce() + Send + 'static,
    buffer: u64,
    mut look: impl FnMut(&SystemCall<'_>) -> Option<T>,
) -> Option<(Vec<T>, Tally, u64)> {
    let options = Options { selection: Selection::everything(), buffer, ask_runtimes: false };
    let stop = Stop::default();
    let (live, gauge) = match start(&options, stop.clone()) {
        Ok(started) => started,
        Err(error @ (Error::Privilege(_) | Error::NoTypes)) => {
            println!("skipped: {error}");
            return None;
        }
        Err(error) => panic!("{error}: {:?}", std::error::Error::source(&error)),
    };
    let malformed = live.malformed();
    let working = std::thread::spawn(move || {
        work();
        std::thread::sleep(Duration::from_millis(100));
        stop.stop();
    });
    let mut capture = Capture::new(live, Limits::default()).unwrap();
    let (mut seen, mut count) = (Vec::new(), 0);
    while let Some(call) = capture.next() {
        count += 1;
        seen.extend(look(&call));
    }
    working.join().unwrap();
    assert_eq!(capture.problems(), []);
    assert_eq!(malformed.load(std::sync::atomic::Ordering::Relaxed), 0);
    Some((seen, gauge.tally(), count))
}

fn shell(script: &str) {
    let status = Command::new("sh").args(["-ec", script]).status().unwrap();
    assert!(status.success(), "{script}");
}

#[test]
fn every_run_program_is_seen_once_with_its_number() {
    // Others may plant at the same time.
    let mark = format!("mark-{}-", std::process::id());
    let planted = mark.clone();
    let work = move || {
        for number in 0..300 {
            Command::new("/bin/true").arg(format!("{planted}{number:04}")).status().unwrap();
        }
    };
    let Some((seen, tally, _)) = watched(work, 64 << 20, |call| {
        let planted = call.event_type().name == "execve" && call.result() == Some(0);
        let arguments = planted.then(|| field(call, "proc.args", None))?;
        arguments.starts_with(&mark).then_some(arguments)
    }) else {
        return;
    };
    let expected: Vec<String> = (0..300).map(|number| format!("{mark}{number:04}")).collect();
    assert_eq!(seen, expected);
    assert_eq!(tally.lost(), 0, "{tally:?}");
}

#[test]
fn a_kernel_without_trampolines_sees_the_same() {
    let mark = format!("raw-{}-", std::process::id());
    let planted = mark.clone();
    let work = move || {
        for number in 0..100 {
            Command::new("/bin/true").arg(format!("{planted}{number:04}")).status().unwrap();
        }
    };
    let start = plimsoll_sensor::start_without_trampolines;
    let look = |call: &SystemCall<'_>| {
        let name = call.event_type().name;
        let is_told = name == "procexit" || name == "execve" && call.result() == Some(0);
        let arguments = is_told.then(|| field(call, "proc.args", None))?;
        arguments.starts_with(&mark).then(|| format!("{name} {arguments}"))
    };
    let Some((seen, tally, _)) = watched_by(start, work, 64 << 20, look) else { return };
    let expected: Vec<String> = (0..100)
        .flat_map(|number| ["execve", "procexit"].map(|name| format!("{name} {mark}{number:04}")))
        .collect();
    assert_eq!(seen, expected);
    assert_eq!(tally.lost(), 0, "{tally:?}");
}

#[test]
fn what_is_sent_is_read_and_what_does_not_fit_is_counted() {
    let work = || shell("i=0; while [ $i -lt 4000 ]; do i=$((i+1)); : </dev/null; done");
    // The smallest rings, which a reader that sleeps does not keep empty.
    let mut slow = 0_u32;
    let Some((_, tally, read)) = watched(work, 0, |_| {
        slow += 1;
        if slow == 1 {
            std::thread::sleep(Duration::from_millis(1500));
        }
        None::<()>
    }) else {
        return;
    };
    assert!(tally.ring_full > 0, "{tally:?}");
    assert_eq!(tally.made, tally.sent + tally.lost(), "{tally:?}");
    // What was still in a ring when the programs were taken away was read before.
    assert_eq!(tally.sent, read, "{tally:?}");
}

#[test]
fn calls_have_what_they_were_given_and_what_became_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().display().to_string();
    fs::write(folder.path().join("file"), "content").unwrap();
    std::os::unix::fs::symlink("file", folder.path().join("link")).unwrap();
    let script = format!(
        "cd {at}; mkdir sub; cat sub/../link >/dev/null; mv file moved; chmod 4755 moved; \
         ln moved hard; ln -s moved soft; rm hard; chown 1:2 moved; rmdir sub; kill -0 $$; \
         cat missing 2>/dev/null || true"
    );
    let own = at.clone();
    let Some((seen, tally, _)) = watched(
        move || shell(&script),
        64 << 20,
        |call| {
            if !field(call, "proc.cwd", None).starts_with(&own) {
                return None;
            }
            let name = call.event_type().name;
            let told = [
                field(call, "proc.name", None),
                call.result().unwrap_or(0).to_string(),
                field(call, "evt.args", None),
                field(call, "fd.name", None),
            ];
            Some((name, told.join(" ")))
        },
    ) else {
        return;
    };
    assert_eq!(tally.lost(), 0, "{tally:?}");
    let mut of: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, told) in &seen {
        of.entry(name).or_default().push(told);
    }
    let has = |names: &[&str], parts: &[&str]| {
        let found = names.iter().filter_map(|name| of.get(name)).flatten();
        let found = found.filter(|told| parts.iter().all(|part| told.contains(part))).count();
        assert!(found > 0, "{names:?} {parts:?}: {of:#?}");
    };
    has(&["openat", "open"], &["cat 3", "name=sub/../link", &format!("{at}/file")]);
    has(&["openat", "open"], &["cat -2", "name=missing"]);
    has(&["mkdir", "mkdirat"], &["mkdir 0", "path=sub"]);
    has(&["rename", "renameat2"], &["mv 0", "file", "moved"]);
    has(&["fchmodat", "chmod"], &["chmod 0", "S_ISUID"]);
    has(&["linkat", "link"], &["ln 0", "hard"]);
    has(&["symlinkat", "symlink"], &["ln 0", "soft"]);
    has(&["unlinkat", "unlink"], &["rm 0", "hard"]);
    has(&["fchownat", "chown", "lchown"], &["chown 0", "uid=1", "gid=2"]);
    has(&["rmdir"], &["rmdir 0", "sub"]);
    has(&["kill"], &["sh 0"]);
    has(&["read"], &["cat 7", "data=content"]);
    has(&["procexit"], &["cat"]);
}

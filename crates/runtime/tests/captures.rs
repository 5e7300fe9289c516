//! Captures are read as they are, and every field has the value that sysdig shows.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use plimsoll_runtime::event::{Arena, Event, FieldRef, Stream, Value, Values};
use plimsoll_runtime::fields::{Kind, Source};
use plimsoll_runtime::scap::Limits;
use plimsoll_runtime::syscall::{Capture, SystemCall};

fn captures() -> Vec<PathBuf> {
    let Some(root) = plimsoll_testkit::shared("runtime/captures") else { return Vec::new() };
    let folders = [root.clone(), root.join("libs")];
    let entries = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let mut all: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    all.retain(|path| path.extension().is_some_and(|end| end == "scap"));
    all.sort();
    all
}

fn open(path: &Path) -> Capture<File> {
    Capture::new(File::open(path).unwrap(), Limits::default()).unwrap()
}

#[test]
fn every_capture_is_read_to_its_end() {
    for path in captures() {
        let mut capture = open(&path);
        let mut events = 0;
        while capture.next().is_some() {
            events += 1;
        }
        assert!(events > 100, "{path:?}");
        assert_eq!(capture.problems(), [], "{path:?}");
        assert!(capture.threads() > 10);
    }
}

fn shown(values: &Values<'_>, field: &FieldRef) -> String {
    let one = |value: &Value<'_>| match value {
        Value::Bytes(bytes) if field.kind == Kind::Bytes => {
            bytes.iter().map(|b| if (32..127).contains(b) { char::from(*b) } else { '.' }).collect()
        }
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::Signed(number) if field.name == "fd.dev" => format!("{number:X}"),
        Value::Signed(number) => number.to_string(),
        Value::Unsigned(number) => number.to_string(),
        Value::Bool(is) => is.to_string(),
        Value::Double(number) => format!("{number:.1}"),
        Value::Address(address) => address.to_string(),
    };
    match values {
        Values::Absent => "<NA>".to_owned(),
        Values::One(value) => one(value),
        Values::Many(values) => values.iter().map(one).collect::<Vec<_>>().join(","),
    }
}

/// What an event is told from others by.
type Key = (u64, i64, String, String);

fn key(call: &SystemCall<'_>) -> Key {
    let direction = if call.event_type().is_exit() { "<" } else { ">" };
    (call.time(), call.tid(), direction.to_owned(), call.event_type().name.to_owned())
}

fn sysdig(path: &Path, fields: &[String]) -> Option<HashMap<Key, Vec<String>>> {
    let names: Vec<_> = fields.iter().map(|name| format!("%{name}\x1f")).collect();
    let format =
        format!("*%evt.rawtime\x1f%thread.tid\x1f%evt.dir\x1f%evt.type\x1f{}", names.concat());
    let output = Command::new("sysdig").arg("-r").arg(path).args(["-p", &format]).output().ok()?;
    if !output.status.success() {
        return None;
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let rows = text.lines().filter_map(|line| {
        let mut cells = line.split('\x1f');
        let time = cells.next()?.parse().ok()?;
        let tid = cells.next()?.parse().ok()?;
        let (direction, name) = (cells.next()?.to_owned(), cells.next()?.to_owned());
        Some(((time, tid, direction, name), cells.map(str::to_owned).collect()))
    });
    Some(rows.collect())
}

/// Why a value is another than in the sysdig of 2022, which knows only what was known then.
fn excuse(call: &SystemCall<'_>, name: &str, ours: &str, theirs: &str) -> Option<&'static str> {
    let event = call.event_type();
    let exit = event.is_exit();
    Some(match name {
        "container.image"
        | "container.image.id"
        | "container.image.repository"
        | "container.image.tag"
        | "container.image.digest"
        | "container.mounts"
        | "k8s.pod.labels"
            if (ours, theirs) == ("", "<NA>") =>
        {
            "the container plugin says empty texts of the machine itself"
        }
        "container.privileged" if (ours, theirs) == ("false", "<NA>") => {
            "the container plugin says empty texts of the machine itself"
        }
        _ if name.starts_with("proc.is_container_") => "retired: the plugin extracts nothing",
        _ if name.starts_with("evt.latency") || name == "evt.wait_latency" => {
            "retired: always 0 since an event stands for a whole call"
        }
        "evt.deltatime" | "evt.deltatime.s" | "evt.deltatime.ns" => {
            "sysdig does not count events that it does not show"
        }
        "evt.args" | "evt.info" | "evt.arg[0]" | "evt.arg[1]"
            if event.name.starts_with("socket") =>
        {
            "both names of the family of unix sockets"
        }
        "evt.arg[1]" if (ours, theirs) == ("NULL", "") => "no bytes are NULL",
        "fd.typechar" if event.name.starts_with("open") => "libsinsp guesses for openat only",
        _ if theirs.contains("::1:2345") => "a socket that is connected again has its new address",
        "fd.is_server" | "fd.name_changed" if matches!(event.name, "connect" | "sendto") => {
            "a socket that is connected again has its new address"
        }
        _ if event.name == "sendmsg" && !exit => {
            "a socket is guessed from a message as from others"
        }
        // What events had on entry they have on exit now, with the file that they are about.
        "evt.args" | "evt.info" if exit && ours.starts_with(theirs.trim_end()) => "later arguments",
        "evt.args" | "evt.info" if !exit && ours == theirs.trim_end() => "a space at the end",
        "evt.args" | "evt.info" if !exit && ours.starts_with(theirs.trim_end()) => {
            "later arguments"
        }
        "evt.args" | "evt.info"
            if event.name == "mmap" || event.name == "brk" || event.name == "munmap" =>
        {
            "results of mmap are decimal now"
        }
        "evt.arg.res" | "evt.arg[0]" if event.name == "mmap" => "results of mmap are decimal now",
        _ if name.starts_with("evt.arg") && theirs == "<NA>" => "later arguments",
        _ if name.starts_with("evt.count.error") && exit && theirs == "<NA>" => "later results",
        "evt.args" | "evt.info" if theirs.contains("... ") => "sysdig cuts bytes after 80",
        "evt.failed"
            if event.parameters.is_empty()
                || call.parameters().is_empty()
                || call.parameters().get(0).is_empty() =>
        {
            "later results"
        }
        "evt.failed" if (ours, theirs) == ("<NA>", "false") && !exit => "no result yet",
        "evt.rawres" | "evt.res" if exit => return None,
        _ if name.starts_with("fd.") && event.name == "mmap" => "mmap is about its file now",
        "fd.typechar" if event.name == "open" && !exit => {
            "libsinsp does not guess for open any more"
        }
        "fd.dev" | "fd.dev.major" | "fd.dev.minor" if !matches!(ours, "<NA>") => {
            "bytes that were never set"
        }
        "fd.name" | "fd.containername" if event.name == "connect" => "the call failed",
        _ if (name.starts_with("fd.") || matches!(name, "evt.category" | "evt.buflen"))
            && event.name == "sendmsg" =>
        {
            "a socket is guessed from a message as from others"
        }
        "fd.cport" if theirs == "0" => "a listening socket has no client",
        "fd.rip" | "fd.rport" | "fd.rproto" | "fd.sip" | "fd.sport" | "fd.sproto" => {
            "a socket that is connected again has its new address"
        }
        "proc.aname" | "proc.apid" if theirs.starts_with("<NA>proc.") => "not without a number",
        "proc.env[PATH]" => "not by name",
        "proc.cwd" | "proc.pid" | "proc.ppid" | "proc.fdlimit" | "proc.fdopencount"
        | "thread.ismain" | "proc.nthreads"
            if matches!(ours, "./" | "-1" | "<NA>" | "0" | "false") =>
        {
            "nothing is made up of a thread that is not known"
        }
        "proc.fdusage" => "digits",
        "proc.nthreads" | "proc.nchilds" => "threads are counted by group, the dead not",
        "proc.pname" | "proc.pcmdline" => "the parent of a thread is its process's",
        "proc.sname" if ours.is_empty() => "no session is known",
        "proc.vpid" | "thread.vtid" if theirs == "<NA>" => {
            "outside of namespaces they are the same"
        }
        "group.gid" if theirs == "8589934591" => "sysdig shows more bits than there are",
        "syscall.type" if event.name == "procexit" => "it is no system call",
        _ => return None,
    })
}

#[test]
fn fields_have_the_values_that_sysdig_shows() {
    let listed = Command::new("sysdig").arg("-l").output();
    let Ok(listed) = listed else { return println!("skipped: sysdig is not installed") };
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let known =
        |name: &str| listed.lines().any(|line| line.split_whitespace().next() == Some(name));
    let generic = include_str!("../src/fields/generic.tsv");
    let mut fields: Vec<String> = Source::Syscall
        .fields()
        .filter(|field| !field.traits.needs_argument && !field.traits.filter_only)
        .map(|field| field.name.to_owned())
        .filter(|name| known(name) && !generic.contains(name.as_str()))
        .collect();
    for with in [
        "proc.aname[1]",
        "proc.aname[2]",
        "proc.apid[1]",
        "proc.apid[3]",
        "evt.arg.fd",
        "evt.arg.name",
        "evt.arg.flags",
        "evt.arg.res",
        "evt.arg[0]",
        "evt.arg[1]",
        "thread.cgroup.cpu",
        "proc.env[PATH]",
    ] {
        fields.push(with.to_owned());
    }
    let resolve = |name: &String| {
        let (base, argument) = match name.split_once('[') {
            Some((base, argument)) => (base, Some(argument.trim_end_matches(']'))),
            None => (name.as_str(), None),
        };
        FieldRef::resolve(Source::Syscall, base, argument).unwrap()
    };
    let resolved: Vec<_> = fields.iter().map(resolve).collect();
    if captures().is_empty() {
        return println!("skipped: no captures are here");
    }
    let mut wrong = Vec::new();
    let (mut compared, mut excused) = (0_u64, BTreeMap::<&str, u64>::new());
    for path in captures() {
        let Some(rows) = sysdig(&path, &fields) else {
            // It takes options behind a section's head for the next block.
            assert!(path.ends_with("curl_google_comments.scap"), "{path:?}");
            continue;
        };
        let mut capture = open(&path);
        let mut arena = Arena::new();
        while let Some(call) = capture.next() {
            let Some(row) = rows.get(&key(&call)) else { continue };
            for ((name, field), theirs) in fields.iter().zip(&resolved).zip(row) {
                let ours = shown(&call.field(field, &arena), field);
                compared += 1;
                if ours == *theirs {
                    continue;
                }
                match excuse(&call, name, &ours, theirs) {
                    Some(why) => *excused.entry(why).or_default() += 1,
                    None => wrong.push(format!(
                        "{name} of {} {} in {}: from {} on {ours:?}, sysdig {theirs:?}",
                        call.number(),
                        call.event_type().name,
                        path.display(),
                        ours.bytes().zip(theirs.bytes()).take_while(|(a, b)| a == b).count(),
                    )),
                }
            }
            arena.reset();
        }
    }
    println!("{compared} values of {} fields; {excused:#?}", fields.len());
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(40)].join("\n")
    );
    assert!(compared > 100_000);
}

#[test]
fn what_is_recorded_is_read_by_sysdig_with_the_same_values() {
    let Some(path) = captures().into_iter().find(|path| path.ends_with("cat_write.scap")) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let recorded = folder.path().join("recorded.scap");
    let name = FieldRef::resolve(Source::Syscall, "fd.name", None).unwrap();
    let mut capture = open(&path);
    capture.record(Box::new(File::create(&recorded).unwrap()));
    let (mut kept, arena) = (0, Arena::new());
    while let Some(call) = capture.next() {
        if shown(&call.field(&name, &arena), &name) == "/dev/null" && call.event_type().is_exit() {
            kept += 1;
            capture.keep();
        }
    }
    capture.finish().unwrap();
    assert_eq!(kept, 4);
    let fields: Vec<_> = [
        "fd.name",
        "fd.num",
        "fd.type",
        "proc.name",
        "proc.cmdline",
        "proc.pname",
        "proc.cwd",
        "user.name",
        "evt.res",
        "proc.exepath",
        "proc.aname[2]",
        "proc.fdopencount",
        "container.id",
    ]
    .into_iter()
    .map(str::to_owned)
    .collect();
    // Our own reader shows exactly those that were kept.
    let mut again = open(&recorded);
    let mut ours = Vec::new();
    while let Some(call) = again.next() {
        ours.push(key(&call));
    }
    assert_eq!(again.problems(), []);
    let shown: Vec<_> = ours.iter().filter(|(_, _, direction, _)| direction == "<").collect();
    assert_eq!(shown.len(), 4, "{ours:?}");
    let (Some(whole), Some(part)) = (sysdig(&path, &fields), sysdig(&recorded, &fields)) else {
        return println!("skipped: sysdig is not installed");
    };
    for key in shown {
        assert_eq!(part.get(key), whole.get(key), "{key:?}");
    }
}

/// The event types that a table names after `on`; none where it names other things.
fn only_on(when: &str) -> Option<Vec<&str>> {
    let types: Vec<&str> = when.strip_prefix("on `")?.split('`').step_by(2).collect();
    types.iter().all(|name| !name.contains('.')).then_some(types)
}

#[test]
fn fields_have_values_on_the_events_that_their_tables_name() {
    let fields: Vec<_> = Source::Syscall
        .fields()
        .filter(|field| !field.traits.needs_argument || field.name == "evt.abspath")
        // Those of every source are made of the event by whoever judges it.
        .filter(|field| field.sources().len() == 1)
        .map(|field| (field, FieldRef::resolve(Source::Syscall, field.name, None).unwrap()))
        .collect();
    // In how many events each has a value.
    let mut present = vec![0_u64; fields.len()];
    let (mut events, mut wrong) = (0, std::collections::BTreeSet::new());
    for path in captures() {
        let mut capture = open(&path);
        let mut arena = Arena::new();
        while let Some(call) = capture.next() {
            events += 1;
            for ((field, reference), present) in fields.iter().zip(&mut present) {
                if matches!(call.field(reference, &arena), Values::Absent) {
                    continue;
                }
                *present += 1;
                let kind = call.event_type().name;
                let fits = match field.when {
                    Some("never") => false,
                    Some(when) => only_on(when).is_none_or(|types| types.contains(&kind)),
                    None => true,
                };
                if !fits {
                    wrong.insert(format!("{} has a value on {kind}", field.name));
                }
            }
            arena.reset();
        }
    }
    for ((field, _), present) in fields.iter().zip(&present) {
        let everywhere = field.when.is_none() && field.class().unwrap().name == "evt";
        if events > 0 && (field.when.is_none() && *present == 0 || everywhere && *present < events)
        {
            wrong.insert(format!("{}: a value on {present} of {events} events", field.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

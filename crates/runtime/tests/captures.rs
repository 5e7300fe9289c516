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

use plimsoll_runtime::event::{Arena, Event, FieldRef, Value, Values};
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
        println!("{} {events} {}", path.display(), capture.threads());
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
    let format = format!("*%evt.rawtime\x1f%thread.tid\x1f%evt.dir\x1f%evt.type\x1f{}", names.concat());
    let output = Command::new("sysdig").arg("-r").arg(path).args(["-p", &format]).output().ok()?;
    if !output.status.success() {
        println!("{}", String::from_utf8_lossy(&output.stderr));
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

#[test]
fn fields_have_the_values_that_sysdig_shows() {
    let listed = Command::new("sysdig").arg("-l").output();
    let Ok(listed) = listed else { return println!("skipped: sysdig is not installed") };
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let known = |name: &str| listed.lines().any(|line| line.split_whitespace().next() == Some(name));
    let plain = Source::Syscall.fields().filter(|field| !field.traits.needs_argument && !field.traits.filter_only);
    let mut fields: Vec<String> =
        plain.map(|field| field.name.to_owned()).filter(|name| known(name)).collect();
    fields.retain(|name| !name.starts_with("evt.time") && !name.starts_with("evt.datetime") && !name.starts_with("evt.rawtime")&& !name.starts_with("evt.reltime") && !name.starts_with("evt.num")&& !name.starts_with("evt.plugin"));
    for extra in ["proc.aname[1]", "proc.aname[2]", "proc.apid[1]", "proc.apid[3]", "evt.arg.fd", "evt.arg.name", "evt.arg.flags", "evt.arg.res", "evt.arg[0]", "evt.arg[1]", "thread.cgroup.cpu", "proc.env[PATH]"] {
        fields.push(extra.to_owned());
    }
    let resolved: Vec<_> = fields.iter().map(|name| {
        let (base, argument) = match name.split_once('[') {
            Some((base, argument)) => (base, Some(argument.trim_end_matches(']'))),
            None => (name.as_str(), None),
        };
        FieldRef::resolve(Source::Syscall, base, argument).unwrap_or_else(|_| panic!("{name}"))
    }).collect();
    let mut differences: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut compared = 0;
    for path in captures() {
        let Some(rows) = sysdig(&path, &fields) else { println!("no {path:?}"); continue };
        let mut capture = open(&path);
        let mut arena = Arena::new();
        while let Some(call) = capture.next() {
            let Some(row) = rows.get(&key(&call)) else {
                differences.entry("(event)").or_default().push(format!("{} {:?}", path.file_name().unwrap().to_string_lossy(), key(&call)));
                continue };
            for ((name, field), theirs) in fields.iter().zip(&resolved).zip(row) {
                let ours = shown(&call.field(field, &arena), field);
                compared += 1;
                if ours != *theirs {
                    differences.entry(name).or_default().push(format!("{} {} {}{}: {ours:?} {theirs:?}", path.file_name().unwrap().to_string_lossy(), call.number(), if call.event_type().is_exit() {'<'} else {'>'}, call.event_type().name));
                }
            }
            arena.reset();
        }
    }
    println!("{compared} compared, {} fields", fields.len());
    for (name, all) in &differences {
        println!("{name}: {}", all.len());
        for one in all.iter().take(4) { println!("    {}", &one.chars().take(300).collect::<String>()); }
    }
}

//! Events as whoever attacks would have them: texts that are no text, arguments without end, numbers of
//! processes that are used again, clocks that jump, patterns that blow up. They are judged, in little time.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::time::{Duration, Instant};

use plimsoll_runtime::alert::{Alert, Formatter, Style};
use plimsoll_runtime::engine::{Engine, Matching};
use plimsoll_runtime::event::Arena;
use plimsoll_runtime::loader::{Loader, Options};
use plimsoll_runtime::scap::{Limits, Process, Writer};
use plimsoll_runtime::syscall::Capture;
use plimsoll_testkit::capture::{Values, event, large_event, values};

const START: u64 = 1_700_000_000_000_000_000;
/// Events by the numbers of the schema.
const OPEN: u16 = 3;
const PROCEXIT: u16 = 186;
const CLONE: u16 = 223;
const EXECVE: u16 = 293;
/// `CLONE_NEWPID`, and that the child is in such a namespace.
const NEW_NAMESPACE: u32 = 64 | 536_870_912;

fn process(tid: i64, ptid: i64, name: &str) -> Process {
    Process {
        tid,
        pid: tid,
        ptid,
        vtid: tid,
        vpid: tid,
        comm: name.as_bytes().to_vec(),
        exe: name.as_bytes().to_vec(),
        exepath: format!("/usr/bin/{name}").into_bytes(),
        cwd: b"/".to_vec(),
        root: b"/".to_vec(),
        cgroups: b"memory=/\0".to_vec(),
        ..Process::default()
    }
}

/// A capture with an `init`, a `sshd` 100 below it and a `cron` 200.
fn begin() -> Vec<u8> {
    let all = [process(1, 0, "init"), process(100, 1, "sshd"), process(200, 1, "cron")];
    let mut writer = Writer::new(Vec::new()).unwrap();
    writer.processes(all.into_iter()).unwrap();
    writer.finish().unwrap()
}

fn open(bytes: &mut Vec<u8>, at: u64, tid: i64, path: &[u8]) {
    let zero = 0_u64.to_le_bytes();
    let path = [path, &[0]].concat();
    let open = values().i64(5).bytes(&path).u32(1).u32(0).u32(1).bytes(&zero);
    event(bytes, (at, tid), OPEN, &open);
}

fn numbers(mut all: Values, count: usize, value: u32) -> Values {
    for _ in 0..count {
        all = all.u32(value);
    }
    all
}

/// A process is born, as itself tells it.
fn clone(bytes: &mut Vec<u8>, at: u64, tid: i64, parent: i64, flags: u32, vtid: i64) {
    let zero = 0_u64.to_le_bytes();
    let told = values().i64(0).text("worker").bytes(b"").i64(tid).i64(tid).i64(parent);
    let told = told.text("/").i64(1024).bytes(&zero).bytes(&zero);
    let told = numbers(told, 3, 0).text("worker").bytes(b"memory=/\0").u32(flags);
    let told = numbers(told, 2, 0).i64(vtid).i64(vtid).bytes(&zero);
    event(bytes, (at, tid), CLONE, &told);
}

fn exit(bytes: &mut Vec<u8>, at: u64, tid: i64) {
    let told = values().i64(0).i64(0).bytes(&[0]).bytes(&[0]).i64(1);
    event(bytes, (at, tid), PROCEXIT, &told);
}

fn execute(bytes: &mut Vec<u8>, at: u64, tid: i64, parent: i64, path: &[u8], arguments: &[u8]) {
    let zero = 0_u64.to_le_bytes();
    let name: Vec<u8> = path.rsplit(|byte| *byte == b'/').next().unwrap().to_vec();
    let with_nul = |text: &[u8]| [text, &[0]].concat();
    let told = values().i64(0).bytes(&with_nul(path)).bytes(arguments).i64(tid).i64(tid);
    let told = told.i64(parent).text("/").bytes(&zero).bytes(&zero).bytes(&zero);
    let told = numbers(told, 3, 0).bytes(&with_nul(&name)).bytes(b"memory=/\0").bytes(b"");
    let mut told = told.u32(0).i64(tid).u32(0).u32(0);
    for _ in 0..6 {
        told = told.bytes(&zero);
    }
    let told = told.u32(0).bytes(&with_nul(path)).i64(tid).u32(0).bytes(&with_nul(path));
    if arguments.len() > usize::from(u16::MAX) {
        large_event(bytes, (at, tid), EXECVE, &told);
    } else {
        event(bytes, (at, tid), EXECVE, &told);
    }
}

/// The alerts of a rule, and what was wrong with the capture.
fn alerts(capture: &[u8], condition: &str, output: &str) -> (Vec<Alert>, Vec<String>) {
    let text = format!(
        "- rule: r\n  desc: d\n  condition: {condition}\n  output: \"{output}\"\n  priority: INFO\n"
    );
    let mut loader = Loader::new(Options::default());
    let report = loader.load("a.yaml", &text);
    assert!(report.is_loaded(), "{:?}", report.errors);
    let rules = &loader.definitions().rules;
    let mut engine = Engine::new(rules, Matching::All);
    let formatter = Formatter::new(rules.first().unwrap(), &Style::default(), &[]).unwrap();
    let mut capture = Capture::new(capture, Limits::default()).unwrap();
    let (mut matched, mut found, mut arena) = (Vec::new(), Vec::new(), Arena::new());
    while let Some(call) = capture.next() {
        engine.judge(&call, &mut matched);
        if !matched.is_empty() {
            arena.reset();
            found.push(formatter.alert(&call, "host", &arena));
        }
    }
    let problems = capture.problems().iter().map(ToString::to_string).collect();
    (found, problems)
}

fn messages(capture: &[u8], condition: &str, output: &str) -> Vec<String> {
    let (alerts, problems) = alerts(capture, condition, output);
    assert_eq!(problems, [""; 0]);
    alerts.into_iter().map(|alert| alert.message).collect()
}

#[test]
fn bytes_that_are_no_text_are_judged_as_they_are_and_shown_with_marks() {
    let mut bytes = begin();
    open(&mut bytes, START, 100, b"/etc/\xff\xfe\xf0shadow");
    open(&mut bytes, START + 1, 100, b"/etc/\x1b[2Jshadow\n");
    execute(&mut bytes, START + 2, 100, 1, b"/tmp/\xc3\x28", b"-c\0\xa0\xa1\0");
    let condition = "evt.type = open and fd.name startswith /etc/ and fd.name contains shadow";
    let (found, problems) = alerts(&bytes, condition, "%fd.name");
    assert_eq!(problems, [""; 0]);
    assert_eq!(found.len(), 2);
    for alert in &found {
        let line = alert.line(&Style { json: true, ..Style::default() });
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert!(value["output_fields"]["fd.name"].as_str().unwrap().contains("shadow"), "{line}");
        assert!(!line.contains(['\x1b', '\n']), "{line}");
    }
    assert!(found.first().unwrap().message.contains('\u{fffd}'));
    // An alert stays one line of text, too.
    assert!(found.iter().all(|alert| !alert.line(&Style::default()).contains(['\n', '\x1b'])));
    let run = messages(&bytes, "evt.type = execve and proc.args contains c", "%proc.name");
    assert_eq!(run.len(), 1);
}

#[test]
fn two_megabytes_of_arguments_are_kept_within_bounds() {
    let arguments: Vec<u8> =
        (0..20).flat_map(|_| [vec![b'a'; 100 * 1024], vec![0]].concat()).collect();
    assert!(arguments.len() > 2_000_000);
    let mut bytes = begin();
    execute(&mut bytes, START, 100, 1, b"/usr/bin/curl", &arguments);
    open(&mut bytes, START + 1, 100, b"/etc/shadow");
    let begun = Instant::now();
    let text = format!(
        "- rule: r\n  desc: d\n  condition: {}\n  output: \"%proc.cmdline\"\n  priority: INFO\n",
        "evt.type in (execve, open) and proc.cmdline icontains aaab"
    );
    let mut loader = Loader::new(Options::default());
    assert!(loader.load("a.yaml", &text).is_loaded());
    let rules = &loader.definitions().rules;
    let mut engine = Engine::new(rules, Matching::All);
    let mut capture = Capture::new(bytes.as_slice(), Limits::default()).unwrap();
    let mut matched = Vec::new();
    let mut events = 0;
    while let Some(call) = capture.next() {
        engine.judge(&call, &mut matched);
        events += 1;
    }
    // Whether the block is taken or refused is the reader's to say; what comes behind it is read.
    assert!(events >= 1, "{:?}", capture.problems());
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn a_number_that_is_used_again_is_another_process() {
    let mut bytes = begin();
    clone(&mut bytes, START, 300, 100, 0, 300);
    execute(&mut bytes, START + 1, 300, 100, b"/usr/bin/bash", b"");
    open(&mut bytes, START + 2, 300, b"/first");
    exit(&mut bytes, START + 3, 300);
    // The same number, of another parent, without an execution.
    clone(&mut bytes, START + 4, 300, 200, 0, 300);
    open(&mut bytes, START + 5, 300, b"/second");
    let told = messages(&bytes, "evt.type = open", "%fd.name %proc.pname %proc.exepath");
    assert_eq!(told, ["/first sshd /usr/bin/bash", "/second cron /usr/bin/cron"]);

    // An end that nobody told of: the number is new all the same.
    let mut bytes = begin();
    clone(&mut bytes, START, 300, 100, 0, 300);
    execute(&mut bytes, START + 1, 300, 100, b"/usr/bin/bash", b"");
    clone(&mut bytes, START + 4_000_000_000, 300, 200, 0, 300);
    open(&mut bytes, START + 4_000_000_001, 300, b"/second");
    let told = messages(&bytes, "evt.type = open", "%fd.name %proc.pname %proc.exepath");
    assert_eq!(told, ["/second cron /usr/bin/cron"]);
}

#[test]
fn numbers_in_a_namespace_are_not_the_machines() {
    let mut bytes = begin();
    // Number 1 of a new namespace, and 100 in it: neither is `init`, nor `sshd`.
    clone(&mut bytes, START, 5000, 200, NEW_NAMESPACE, 1);
    clone(&mut bytes, START + 1, 5001, 5000, 536_870_912, 100);
    execute(&mut bytes, START + 2, 5001, 5000, b"/usr/bin/dash", b"");
    open(&mut bytes, START + 3, 5001, b"/x");
    open(&mut bytes, START + 4, 100, b"/y");
    let output = "%fd.name %proc.pid %proc.vpid %proc.name %proc.aname[2]";
    let told = messages(&bytes, "evt.type = open", output);
    assert_eq!(told.first().unwrap(), "/x 5001 100 dash cron");
    assert_eq!(told.last().unwrap(), "/y 100 100 sshd <NA>");
}

#[test]
fn clocks_that_jump_change_no_alert() {
    let times = [START, START + 3_600_000_000_000, START - 86_400_000_000_000, 0, u64::MAX, START];
    let mut bytes = begin();
    for (number, time) in times.into_iter().enumerate() {
        let number = i64::try_from(number).unwrap();
        clone(&mut bytes, time, 600 + number, 100, 0, 600 + number);
        open(&mut bytes, time, 600 + number, b"/etc/shadow");
    }
    let output =
        "%evt.time.iso8601 %proc.duration %proc.pid.ts %evt.latency %evt.deltatime %proc.pname";
    let told = messages(&bytes, "evt.type = open and fd.name = /etc/shadow", output);
    assert_eq!(told.len(), times.len(), "{told:?}");
    assert!(told.iter().all(|line| line.ends_with("sshd")), "{told:?}");
}

#[test]
fn patterns_that_would_blow_up_are_judged_in_time_or_refused() {
    let mut bytes = begin();
    let path = format!("/{}!", "a".repeat(3_000));
    for number in 0..200 {
        open(&mut bytes, START + number, 100, path.as_bytes());
    }
    let begun = Instant::now();
    for pattern in ["(a+)+$", "(a|a)*b", "(a*)*c", "(.*a){20}b"] {
        let told =
            messages(&bytes, &format!("evt.type = open and fd.name regex '{pattern}'"), "%evt.num");
        assert_eq!(told.len(), 0, "{pattern}");
    }
    let glob = format!("evt.type = open and fd.name glob '{}b'", "*a".repeat(40));
    assert_eq!(messages(&bytes, &glob, "%evt.num").len(), 0);
    assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", begun.elapsed());
    let rule = |pattern: &str| {
        let mut loader = Loader::new(Options::default());
        let condition = format!("evt.type = open and fd.name regex '{pattern}'");
        let text = format!(
            "- rule: r\n  desc: d\n  condition: \"{condition}\"\n  output: o\n  priority: INFO\n"
        );
        let report = loader.load("a.yaml", &text);
        report.errors.first().map(|error| error.message.clone())
    };
    let said = rule("((((a{100}){100}){100}){100}){100}").unwrap();
    assert!(said.contains("invalid regex pattern"), "{said}");
}

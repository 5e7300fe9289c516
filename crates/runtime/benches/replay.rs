//! A capture of a million events replayed: read, with the state of its machine, judged; and sysdig
//! beside it with the same filter on the same file. Time is that of the processor, so that other work
//! on the machine counts little.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a measurement stops at the first surprise"
)]

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use plimsoll_runtime::engine::{Engine, Matching};
use plimsoll_runtime::loader::{Loader, Options, Rule};
use plimsoll_runtime::scap::Limits;
use plimsoll_runtime::syscall::Capture;

/// How many events are made of one capture.
const EVENTS: usize = 1_000_000;
const ROUNDS: usize = 5;
/// How often an event is judged between two looks at the clock.
const TIMES: u32 = 16;
const PUBLISHED: [&str; 3] =
    ["falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"];
const FILTERS: [&str; 3] = [
    "evt.type=open and fd.name startswith /etc/ and proc.name=curl",
    "evt.type=connect and fd.sport=53",
    "proc.aname[2]=sshd and fd.name contains passwd",
];

/// The events of a capture again and again behind what was there at its beginning.
fn repeat(path: &Path, into: &Path) -> usize {
    let mut bytes = Vec::new();
    flate2::read::MultiGzDecoder::new(File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let (mut at, mut begin, mut events) = (0, None, 0);
    while at + 8 <= bytes.len() {
        if matches!(number(at), 0x204 | 0x208 | 0x216 | 0x217) {
            begin.get_or_insert(at);
            events += 1;
        }
        at += number(at + 4) as usize;
    }
    let begin = begin.unwrap();
    let mut out = std::io::BufWriter::new(File::create(into).unwrap());
    out.write_all(&bytes[..begin]).unwrap();
    let rounds = EVENTS.div_ceil(events);
    for _ in 0..rounds {
        out.write_all(&bytes[begin..]).unwrap();
    }
    out.flush().unwrap();
    rounds * events
}

fn replay(path: &Path, rules: &[&Rule]) -> (u64, u64) {
    let mut capture = Capture::new(File::open(path).unwrap(), Limits::default()).unwrap();
    let mut engine = Engine::new(rules.iter().copied(), Matching::First);
    let (mut events, mut alerts, mut matched) = (0, 0, Vec::new());
    while let Some(call) = capture.next() {
        events += 1;
        if !rules.is_empty() {
            engine.judge(&call, &mut matched);
            alerts += matched.len() as u64;
        }
    }
    (events, alerts)
}

/// What judging costs of each event of all captures, without reading it.
fn of_each_event(captures: &Path, rules: &[&Rule]) {
    let mut engine = Engine::new(rules.iter().copied(), Matching::All);
    let (mut took, mut matched, mut files) = (Vec::new(), Vec::new(), 0);
    for folder in [captures.to_owned(), captures.join("libs")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|it| it != "scap") {
                continue;
            }
            let Ok(mut capture) = Capture::new(File::open(&path).unwrap(), Limits::default())
            else {
                continue;
            };
            files += 1;
            while let Some(call) = capture.next() {
                // Once before, because a program is made when the first event of its type comes; and
                // several times between two looks at the clock, whose own cost would hide an event's.
                engine.judge(&call, &mut matched);
                let begin = Instant::now();
                for _ in 0..TIMES {
                    engine.judge(&call, &mut matched);
                    std::hint::black_box(&matched);
                }
                took.push(begin.elapsed().as_nanos() as f64 / f64::from(TIMES));
            }
        }
    }
    took.sort_by(f64::total_cmp);
    let mean = took.iter().sum::<f64>() / took.len() as f64;
    println!(
        "  each of {} events of {files} captures: mean {mean:.0} ns, p99 {:.0} ns, most {:.0} ns",
        took.len(),
        took[took.len() * 99 / 100],
        took[took.len() - 1]
    );
}

/// The seconds of a processor that this process and its children have had so far.
fn used() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, behind) = text.rsplit_once(')').unwrap();
    // `utime` to `cstime`, in hundredths: proc(5).
    let fields = behind.split_whitespace().skip(11).take(4);
    fields.map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}

fn seconds(work: impl FnOnce()) -> f64 {
    let begin = used();
    work();
    used() - begin
}

fn main() {
    let Some(captures) = plimsoll_testkit::shared("runtime/captures") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.scap");
    let events = repeat(&captures.join("libs/curl_google.scap"), &path);
    let best = |work: &dyn Fn()| (0..ROUNDS).map(|_| seconds(work)).fold(f64::MAX, f64::min);
    let rate = |seconds: f64| events as f64 / seconds / 1e6;
    let alone = best(&|| _ = replay(&path, &[]));
    println!("read, with state           {:6.2} M events/s", rate(alone));
    let published = captures.join("../rules/published");
    for (what, files) in [("stable", &PUBLISHED[..1]), ("all", &PUBLISHED[..])] {
        let mut loader = Loader::new(Options::default());
        for name in files {
            let text = std::fs::read_to_string(published.join(name)).unwrap();
            assert!(loader.load(name, &text).is_loaded());
        }
        let rules: Vec<_> = loader.definitions().rules.iter().collect();
        let judged = best(&|| _ = replay(&path, &rules));
        println!("judged by {:>3} ({what:<6})      {:6.2} M events/s", rules.len(), rate(judged));
        of_each_event(&captures, &rules);
    }
    for filter in FILTERS {
        let text =
            format!("- rule: r\n  desc: d\n  condition: {filter}\n  output: o\n  priority: INFO\n");
        let mut loader = Loader::new(Options::default());
        assert!(loader.load("filter.yaml", &text).is_loaded());
        let rules: Vec<_> = loader.definitions().rules.iter().collect();
        let mut ratios = Vec::new();
        let mut rates = (0.0, 0.0);
        for _ in 0..ROUNDS {
            let ours = seconds(|| _ = replay(&path, &rules));
            let sysdig = || {
                let mut run = Command::new("sysdig");
                run.arg("-r").arg(&path).arg(filter).stdout(Stdio::null()).stderr(Stdio::null());
                let _ = run.status();
            };
            let theirs = seconds(sysdig);
            ratios.push(theirs / ours);
            rates = (rate(ours), rate(theirs));
        }
        ratios.sort_by(f64::total_cmp);
        let (ours, theirs) = rates;
        println!(
            "{filter}\n  {ours:6.2} M events/s, sysdig {theirs:6.2}: {:.1} times",
            ratios[ROUNDS / 2]
        );
    }
}

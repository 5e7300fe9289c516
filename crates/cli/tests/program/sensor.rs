//! `plimsoll watch` without a capture: what happens on this machine raises alerts. Where programs cannot
//! be loaded into the kernel, what is said of that.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::machine::Machine;

/// The rules that the guide begins with, and some of one event each.
const RULES: &str = r#"
- rule: Read sensitive file
  desc: Somebody reads the hashes of passwords
  condition: >
    evt.type in (open, openat, openat2) and evt.is_open_read = true and fd.typechar = f
    and fd.num >= 0 and fd.name = /etc/shadow
  output: Sensitive file opened (file=%fd.name raw=%fd.nameraw proc=%proc.cmdline exe=%proc.exepath)
  priority: WARNING

- rule: Shell
  desc: A shell is run
  condition: >
    evt.type in (execve, execveat) and evt.res = SUCCESS and proc.name = sh
    and proc.args contains "exit 7"
  output: Shell (proc=%proc.cmdline parent=%proc.pname uid=%user.uid container=%container.id)
  priority: NOTICE

- rule: Connects
  desc: Somebody connects
  condition: evt.type = connect and fd.sport = @PORT@
  output: Connect (%fd.name proto=%fd.l4proto result=%evt.res)
  priority: NOTICE

- rule: Deletes
  desc: A file is deleted
  condition: evt.type in (unlink, unlinkat) and evt.arg.name contains plimsoll-mark or
    evt.type = unlink and evt.arg.path contains plimsoll-mark
  output: Delete (%fs.path.name)
  priority: NOTICE

- rule: Memory file
  desc: A file in memory is run
  condition: evt.type = memfd_create and evt.arg.name = plimsoll-mark
  output: Memory (%evt.arg.name %evt.arg.flags)
  priority: NOTICE
"#;

/// The program while it watches; none where this machine does not let it, which is said.
struct Watching {
    /// Each sees what the others do: one at a time.
    _alone: MutexGuard<'static, ()>,
    child: Child,
    err: BufReader<std::process::ChildStderr>,
    told: String,
}

static ALONE: Mutex<()> = Mutex::new(());

impl Watching {
    fn start(machine: &Machine, more: &[&str]) -> Option<Self> {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut child = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
            .args(["watch", "--rules", "rules.yaml", "-o", "json"])
            .args(more)
            .current_dir(machine.path("."))
            .stdout(File::create(machine.path("alerts.jsonl")).unwrap())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut err = BufReader::new(child.stderr.take().unwrap());
        let mut told = String::new();
        while !told.contains("watching") {
            if err.read_line(&mut told).unwrap() == 0 {
                assert_eq!(child.wait().unwrap().code(), Some(3), "{told}");
                println!("skipped: {told}");
                return None;
            }
        }
        std::thread::sleep(Duration::from_millis(300));
        Some(Self { _alone: alone, child, err, told })
    }

    /// Ends it by a signal; its alerts and what it said.
    fn end(mut self, machine: &Machine, signal: &str) -> (Vec<Value>, String) {
        std::thread::sleep(Duration::from_millis(300));
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        self.err.read_to_string(&mut self.told).unwrap();
        let code = self.child.wait().unwrap().code();
        if signal != "-KILL" {
            assert_eq!(code, Some(0), "{}", self.told);
        }
        let alerts = fs::read_to_string(machine.path("alerts.jsonl")).unwrap();
        (
            alerts.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
            std::mem::take(&mut self.told),
        )
    }
}

/// Nothing goes on watching after a test that failed.
impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn machine() -> Machine {
    machine_with_port(1)
}

fn machine_with_port(port: u16) -> Machine {
    let machine = Machine::new();
    machine.write("rules.yaml", RULES.replace("@PORT@", &port.to_string()));
    machine
}

/// The outputs of a rule's alerts.
fn outputs<'a>(alerts: &'a [Value], rule: &str) -> Vec<&'a str> {
    alerts
        .iter()
        .filter(|alert| alert["rule"] == rule)
        .map(|alert| alert["output"].as_str().unwrap())
        .collect()
}

#[test]
fn what_happens_on_the_machine_raises_alerts() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let machine = machine_with_port(address.port());
    let Some(watching) = Watching::start(&machine, &[]) else { return };
    let link = machine.path("innocent");
    symlink("/etc/shadow", &link).unwrap();
    assert!(Command::new("cat").arg(&link).stdout(Stdio::null()).status().unwrap().success());
    Command::new("sh").args(["-c", "exit 7"]).status().unwrap();
    TcpStream::connect(address).unwrap();
    let mark = machine.path("plimsoll-mark");
    fs::write(&mark, "").unwrap();
    fs::remove_file(&mark).unwrap();
    let (alerts, told) = watching.end(&machine, "-INT");

    let read = outputs(&alerts, "Read sensitive file");
    let read: Vec<_> = read.iter().filter(|output| output.contains("innocent")).collect();
    assert_eq!(read.len(), 1, "{alerts:?}\n{told}");
    // The file that was opened, not the link's name; that stands beside it.
    assert!(read[0].contains("file=/etc/shadow raw=/"), "{}", read[0]);
    assert!(read[0].contains("proc=cat /") && read[0].contains("exe=/usr/bin/cat"), "{}", read[0]);
    let shell = outputs(&alerts, "Shell");
    assert_eq!(shell.len(), 1, "{told}");
    assert!(shell[0].contains("proc=sh -c exit 7") && shell[0].contains("uid=0"), "{}", shell[0]);
    let connect = outputs(&alerts, "Connects");
    assert_eq!(connect.len(), 1, "{told}");
    let to = format!("->{address} proto=tcp result=SUCCESS");
    assert!(connect[0].contains(&to), "{}", connect[0]);
    let deleted = outputs(&alerts, "Deletes");
    assert_eq!(deleted.len(), 1, "{told}");
    assert!(deleted[0].contains(&format!("({})", mark.display())), "{}", deleted[0]);
    assert!(told.contains(" 0 lost"), "{told}");
}

#[test]
fn outputs_that_hang_hold_up_neither_alerts_nor_groups_nor_the_end() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let machine = machine();
    let url = format!("http_output.url=http://x:SECRET@{}/", silent.local_addr().unwrap());
    let hanging = [
        "-o",
        "http_output.enabled=true",
        "-o",
        &url,
        "-o",
        "program_output.enabled=true",
        "-o",
        "program_output.program=exec sleep 60 >/dev/null 2>&1",
        "--group",
        "2",
    ];
    let Some(mut watching) = Watching::start(&machine, &hanging) else { return };
    let alerts = || fs::read_to_string(machine.path("alerts.jsonl")).unwrap();
    let shells = || alerts().lines().filter(|line| line.contains("\"Shell\"")).count();
    let within = |wanted: usize, limit: Duration| {
        let begin = Instant::now();
        while shells() < wanted && begin.elapsed() < limit {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(shells(), wanted, "{}", alerts());
        begin.elapsed()
    };
    for _ in 0..3 {
        Command::new("sh").args(["-c", "exit 7"]).status().unwrap();
    }
    within(1, Duration::from_secs(3));
    // The other two are told as one when their time is over, whether or not there is another alert.
    let took = within(2, Duration::from_secs(10));
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(alerts().contains("(and 2 more in "), "{}", alerts());

    let begin = Instant::now();
    let pid = watching.child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    watching.err.read_to_string(&mut watching.told).unwrap();
    assert_eq!(watching.child.wait().unwrap().code(), Some(3), "{}", watching.told);
    assert!(begin.elapsed() < Duration::from_secs(15), "{:?}", begin.elapsed());
    let told = &watching.told;
    assert!(told.contains("error: http: 2 alerts did not arrive"), "{told}");
    assert!(told.contains("error: program: 2 alerts did not arrive"), "{told}");
    assert!(!told.contains("SECRET"), "{told}");
}

#[test]
fn nothing_is_left_in_the_kernel_after_the_program_is_killed() {
    let machine = machine();
    let programs = || {
        let listed = Command::new("bpftool").args(["prog", "show"]).output();
        listed.ok().map(|output| {
            let text = String::from_utf8(output.stdout).unwrap();
            text.lines().filter(|line| line.contains("name call_ends")).count()
        })
    };
    let Some(before) = programs() else {
        println!("skipped: bpftool is missing");
        return;
    };
    let Some(watching) = Watching::start(&machine, &[]) else { return };
    assert!(programs().unwrap() > 0);
    watching.end(&machine, "-KILL");
    // Other tests may run sensors of their own meanwhile.
    let gone = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(200));
        programs().unwrap() <= before
    });
    assert!(gone, "programs are still loaded");
}

#[test]
fn what_was_recorded_raises_the_same_alerts_again() {
    let machine = machine();
    let Some(watching) = Watching::start(&machine, &["--write", "live.scap"]) else { return };
    Command::new("sh").args(["-c", "cat /etc/shadow >/dev/null; exit 7"]).status().unwrap();
    let (alerts, told) = watching.end(&machine, "-TERM");
    assert_eq!(outputs(&alerts, "Shell").len(), 1, "{told}");
    let replayed = machine.run("watch --rules rules.yaml --replay live.scap -o json").ended(0);
    let again: Vec<Value> =
        replayed.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told = |alerts: &[Value]| -> Vec<String> {
        alerts.iter().map(|alert| alert["output"].to_string()).collect()
    };
    assert_eq!(told(&again), told(&alerts));
}

/// The page under a path of the address that the program told.
fn page(told: &str, path: &str) -> String {
    let (_, rest) = told.split_once("told on http://").unwrap();
    let mut stream = TcpStream::connect(rest.lines().next().unwrap()).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    body.to_owned()
}

/// The sum of a metric's series whose labels have a text.
fn metric(page: &str, name: &str, labels: &str) -> u64 {
    let series = page.lines().filter_map(|line| line.strip_prefix(name)?.rsplit_once(' '));
    let own =
        series.filter(|(own, _)| (own.is_empty() || own.starts_with('{')) && own.contains(labels));
    own.map(|(_, value)| value.parse::<u64>().unwrap()).sum()
}

#[test]
fn what_was_judged_and_fired_and_lost_is_told_to_prometheus() {
    let machine = machine();
    let small = ["--metrics", "127.0.0.1:0", "--buffer-size", "1", "--no-runtimes"];
    let Some(watching) = Watching::start(&machine, &small) else { return };
    Command::new("sh").args(["-c", "exit 7"]).status().unwrap();
    let shells = "rule=\"Shell\"";
    let fired = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        metric(&page(&watching.told, "/metrics"), "plimsoll_runtime_alerts_total", shells) == 1
    });
    assert!(fired, "{}", page(&watching.told, "/metrics"));

    // Nothing is read while much happens: what finds no room is counted by the kernel.
    let pid = watching.child.id().to_string();
    assert!(Command::new("kill").args(["-STOP", &pid]).status().unwrap().success());
    for _ in 0..60_000 {
        let _ = File::open("/dev/null");
    }
    assert!(Command::new("kill").args(["-CONT", &pid]).status().unwrap().success());
    let text = page(&watching.told, "/metrics");
    let lost = metric(&text, "plimsoll_runtime_events_dropped_total", "reason=\"ring_full\"");
    assert!(lost > 0, "{text}");
    assert!(metric(&text, "plimsoll_runtime_calls_dropped_total", "call=\"openat\"") > 0);
    assert!(metric(&text, "falcosecurity_scap_n_drops_total", "") >= lost);
    assert!(metric(&text, "falcosecurity_scap_n_evts_total", "") > lost);
    assert_eq!(page(&watching.told, "/healthz"), "{\"status\": \"ok\"}");
    is_what_prometheus_reads(&text);
}

/// Prometheus' own tool has nothing to say against the text.
fn is_what_prometheus_reads(text: &str) {
    let tool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut tool) = tool else {
        println!("skipped: promtool is missing");
        return;
    };
    tool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let said = tool.wait_with_output().unwrap();
    let said = String::from_utf8(said.stderr).unwrap();
    // Falco's names are as Falco has them.
    let ours: Vec<&str> = said.lines().filter(|line| !line.contains("falcosecurity_")).collect();
    assert!(ours.is_empty(), "{ours:?}");
}

#[test]
fn what_is_missing_to_watch_is_named() {
    let machine = machine();
    let capabilities = fs::read_to_string("/proc/self/status").unwrap();
    if !capabilities.contains("Uid:\t0\t") || Command::new("setpriv").arg("-V").output().is_err() {
        println!("skipped: not root, or no setpriv");
        return;
    }
    let output = Command::new("setpriv")
        .args(["--bounding-set=-all", "--inh-caps=-all", "--"])
        .arg(env!("CARGO_BIN_EXE_plimsoll"))
        .args(["watch", "--rules", "rules.yaml", "--duration", "1"])
        .current_dir(machine.path("."))
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.contains("CAP_BPF and CAP_PERFMON"), "{told}");
}

#[test]
fn rules_about_logs_alone_do_not_watch_a_machine() {
    let machine = Machine::new();
    let rules = "- rule: A\n  desc: a\n  source: k8s_audit\n  condition: ka.verb exists\n  output: a\n  \
                 priority: INFO\n";
    machine.write("rules.yaml", rules);
    let ran = machine.run("watch --rules rules.yaml").ended(2);
    assert!(ran.err.contains("about system calls"), "{}", ran.said());
}

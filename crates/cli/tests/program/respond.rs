//! `plimsoll watch --respond`: what is done to real processes and real containers when a rule fires.
//! Where programs cannot be loaded into the kernel, or containers not be run, the tests say so and pass.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use plimsoll_testkit::Dockerd;
use serde_json::Value;

use crate::machine::Machine;

/// The program while it watches and responds.
struct Responding<'m> {
    machine: &'m Machine,
    child: Child,
    err: BufReader<std::process::ChildStderr>,
    told: String,
}

impl<'m> Responding<'m> {
    fn start(machine: &'m Machine, more: &[&str]) -> Option<Self> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
            .args(["watch", "--rules", "rules.yaml", "--respond", "responses.yaml"])
            .args(["--response-log", "responses.jsonl", "--no-runtimes"])
            .args(more)
            .current_dir(machine.path("."))
            .stdout(File::create(machine.path("alerts")).unwrap())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut err = BufReader::new(child.stderr.take().unwrap());
        let mut told = String::new();
        while !told.contains("watching ") {
            if err.read_line(&mut told).unwrap() == 0 {
                assert_eq!(child.wait().unwrap().code(), Some(3), "{told}");
                println!("skipped: {told}");
                return None;
            }
        }
        std::thread::sleep(Duration::from_millis(300));
        Some(Self { machine, child, err, told })
    }

    /// Waits until so many lines of the journal fit.
    fn noted(&self, count: usize, fits: impl Fn(&Value) -> bool) -> Vec<Value> {
        let begun = Instant::now();
        loop {
            let text = fs::read_to_string(self.machine.path("responses.jsonl")).unwrap_or_default();
            let lines = text.lines().filter_map(|line| serde_json::from_str(line).ok());
            let found: Vec<Value> = lines.filter(|line| fits(line)).collect();
            if found.len() >= count {
                return found;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "{text}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn end(mut self) -> String {
        self.signal("-INT");
        self.err.read_to_string(&mut self.told).unwrap();
        let code = self.child.wait().unwrap().code();
        assert_eq!(code, Some(0), "{}", self.told);
        std::mem::take(&mut self.told)
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }
}

/// Nothing goes on to act on this machine when a test fails, and nothing stands still.
impl Drop for Responding<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let text = fs::read_to_string(self.machine.path("responses.jsonl")).unwrap_or_default();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        for line in lines.filter(|line| line["action"] == "pause") {
            for command in line["undo"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                let _ = Command::new("sh").args(["-c", command]).stderr(Stdio::null()).status();
            }
        }
    }
}

/// A rule that looks at arguments, which the kernel does not judge.
const MARKED: &str = "
- rule: Marked
  desc: A marked program runs
  condition: evt.type in (execve, execveat) and evt.failed = false and proc.args contains @MARK@
  output: Marked (%proc.name)
  priority: CRITICAL
  tags: [marked]
";

/// A name that no other test has.
fn mark(of: &str) -> String {
    format!("{of}-{}", std::process::id())
}

fn machine(rules: &str, responses: &str) -> Machine {
    let machine = Machine::new();
    machine.write("rules.yaml", rules);
    let folder = machine.path("kept").display().to_string();
    let off = machine.path("off").display().to_string();
    let head = format!("folder: {folder}\noff_switch: {off}\nlimit: 20\nresponses:\n");
    machine.write("responses.yaml", head + responses);
    machine
}

/// A shell in no container: the tests themselves may run in one.
fn of_the_machine(script: &str, argument: &str) -> Command {
    let leave = "for group in /sys/fs/cgroup/*/cgroup.procs /sys/fs/cgroup/cgroup.procs; do \
                 [ -e $group ] && echo $$ > $group; done 2> /dev/null; exec sh -c \"$SCRIPT\" \"$ARGUMENT\"";
    let mut command = Command::new("sh");
    command.args(["-c", leave]).env("SCRIPT", script).env("ARGUMENT", argument);
    command
}

fn sleeping(mark: &str) -> Child {
    of_the_machine("sleep 30; :", mark).spawn().unwrap()
}

/// Whether it was killed within a second.
fn was_killed(child: &mut Child) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        if let Some(status) = child.try_wait().unwrap() {
            return status.signal() == Some(9);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    false
}

#[test]
fn nothing_is_done_unless_it_is_enforced() {
    let mark = mark("dry");
    let machine = machine(
        &MARKED.replace("@MARK@", &mark),
        "- rule: stop\n  match: {tags: [marked]}\n  scope: host\n  actions: [quarantine, kill]\n",
    );
    let Some(watching) = Responding::start(&machine, &[]) else { return };
    let mut child = sleeping(&mark);
    let noted = watching.noted(2, |_| true);
    assert!(noted.iter().all(|line| line["dry_run"] == true && line["result"] == "dry-run"));
    assert!(noted[0]["detail"].as_str().unwrap().starts_with("would copy "), "{noted:?}");
    let would = noted[1]["detail"].as_str().unwrap();
    assert!(would.starts_with("would send SIGKILL to sh"), "{noted:?}");
    assert_eq!(noted[1]["target"]["proc.pid"], child.id());
    assert_eq!(noted[1]["rule"], "Marked");
    assert!(!machine.path("kept").exists());
    let told = watching.end();
    assert!(told.contains("only told of"), "{told}");
    assert_eq!(child.try_wait().unwrap(), None, "it still runs");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_process_is_killed_and_its_program_kept() {
    let mark = mark("kill");
    let machine = machine(
        &MARKED.replace("@MARK@", &mark),
        "- rule: stop\n  match: {rules: [Marked]}\n  scope: host\n  actions: [kill, quarantine]\n",
    );
    let Some(watching) = Responding::start(&machine, &["--enforce"]) else { return };
    let mut child = sleeping(&mark);
    assert!(was_killed(&mut child));
    let noted = watching.noted(2, |line| line["result"] == "done");
    assert_eq!(noted[0]["action"], "quarantine");
    let kept = fs::read_dir(machine.path("kept")).unwrap().next().unwrap().unwrap();
    assert_eq!(fs::read(kept.path()).unwrap(), fs::read("/bin/sh").unwrap());
    assert_eq!(kept.metadata().unwrap().permissions().mode() & 0o777, 0o400);
    let name = kept.file_name().to_string_lossy().into_owned();
    let sum = Command::new("sha256sum").arg(kept.path()).output().unwrap().stdout;
    assert!(String::from_utf8(sum).unwrap().starts_with(&name));
    watching.end();
}

#[test]
fn processes_of_the_machine_are_left_alone_unless_a_response_is_for_them() {
    let mark = mark("scope");
    let machine = machine(
        &MARKED.replace("@MARK@", &mark),
        "- rule: stop\n  match: {priority: '>=error'}\n  actions: [kill]\n",
    );
    let Some(watching) = Responding::start(&machine, &["--enforce"]) else { return };
    let mut child = sleeping(&mark);
    let noted = watching.noted(1, |line| line["result"] == "refused");
    assert!(noted[0]["detail"].as_str().unwrap().contains("scope: host"), "{noted:?}");
    watching.end();
    assert_eq!(child.try_wait().unwrap(), None);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn whoever_started_it_is_never_killed() {
    let mark = mark("above");
    let rules = format!(
        "- rule: Deletes\n  desc: d\n  condition: evt.type in (unlink, unlinkat) and \
         fs.path.name contains {mark}\n  output: d\n  priority: CRITICAL\n"
    );
    let machine = machine(
        &rules,
        "- rule: stop\n  match: {rules: [Deletes]}\n  scope: host\n  actions: [kill]\n",
    );
    let Some(watching) = Responding::start(&machine, &["--enforce"]) else { return };
    fs::write(machine.path(&mark), "").unwrap();
    fs::remove_file(machine.path(&mark)).unwrap();
    let noted = watching.noted(1, |line| line["result"] == "refused");
    assert!(noted[0]["detail"].as_str().unwrap().contains("never touched"), "{noted:?}");
    watching.end();
}

#[test]
fn responses_are_limited_and_switched_off() {
    let mark = mark("limit");
    let machine = machine(
        &MARKED.replace("@MARK@", &mark),
        "- rule: stop\n  match: {rules: [Marked]}\n  scope: host\n  limit: 2\n  actions: [kill]\n",
    );
    let Some(watching) = Responding::start(&machine, &["--enforce"]) else { return };
    machine.write("off", "");
    let mut spared = sleeping(&mark);
    watching.noted(1, |line| line["result"] == "off");
    fs::remove_file(machine.path("off")).unwrap();
    watching.signal("-USR1");
    std::thread::sleep(Duration::from_millis(100));
    let mut again = sleeping(&mark);
    watching.noted(2, |line| line["result"] == "off");
    watching.signal("-USR2");
    std::thread::sleep(Duration::from_millis(100));
    for _ in 0..2 {
        assert!(was_killed(&mut sleeping(&mark)));
    }
    let mut third = sleeping(&mark);
    let noted = watching.noted(1, |line| line["result"] == "limited");
    assert!(noted[0]["detail"].as_str().unwrap().contains("2 of this response"), "{noted:?}");
    for child in [&mut spared, &mut again, &mut third] {
        assert_eq!(child.try_wait().unwrap(), None);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    watching.end();
}

#[test]
fn a_program_that_a_plain_rule_names_does_not_run_an_instruction() {
    let machine = Machine::new();
    let name = format!("dm{}", std::process::id() % 10_000_000);
    let rules = format!(
        "- rule: Doomed\n  desc: d\n  condition: evt.type in (execve, execveat) and \
         evt.failed = false and proc.name in ({name})\n  output: d\n  priority: CRITICAL\n"
    );
    machine.write("rules.yaml", rules);
    machine.write(
        "responses.yaml",
        "- rule: stop\n  match: {rules: [Doomed]}\n  scope: host\n  limit: 5\n  actions: [kill]\n",
    );
    let program = machine.path(&name);
    fs::copy("/usr/bin/touch", &program).unwrap();
    let Some(watching) = Responding::start(&machine, &["--enforce"]) else { return };
    assert!(watching.told.contains("killed at the call itself: `Doomed`"), "{}", watching.told);
    for number in 0..5 {
        let file = machine.path(&format!("touched-{number}"));
        let status = Command::new(&program).arg(&file).status().unwrap();
        assert_eq!(status.signal(), Some(9));
        assert!(!file.exists(), "not an instruction of it ran");
    }
    let noted = watching.noted(5, |line| line["result"] == "done");
    for line in &noted {
        assert!(line["detail"].as_str().unwrap().contains("at the call itself"), "{line}");
    }
    // What the kernel did counts for the limit, there too.
    std::thread::sleep(Duration::from_millis(200));
    let status = Command::new(&program).arg(machine.path("touched")).status().unwrap();
    assert!(status.success(), "{status}");
    watching.noted(1, |line| line["result"] == "limited");
    watching.end();
}

/// A daemon with an image of busybox; none where this machine does not let it.
fn docker() -> Option<(Dockerd, tempfile::TempDir)> {
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path().join("root/bin");
    fs::create_dir_all(&bin).unwrap();
    let found = ["/usr/bin/busybox", "/bin/busybox"]
        .iter()
        .any(|from| fs::copy(from, bin.join("busybox")).is_ok());
    let daemon = if found { Dockerd::for_builds() } else { Err("no busybox".to_owned()) };
    let daemon = match daemon {
        Ok(daemon) => daemon,
        Err(why) => {
            println!("skipped: {why}");
            return None;
        }
    };
    for name in ["sh", "sleep", "touch", "nc", "cat", "echo", "true"] {
        std::os::unix::fs::symlink("busybox", bin.join(name)).unwrap();
    }
    let tar = folder.path().join("root.tar");
    let root = folder.path().join("root");
    let packed = Command::new("tar").arg("-C").arg(&root).arg("-cf").arg(&tar).arg(".").status();
    assert!(packed.unwrap().success());
    daemon.docker(&["import", tar.to_str().unwrap(), "planted/box:1.0"]).unwrap();
    Some((daemon, folder))
}

/// A container that counts into a file of the machine, and does what it is given after that.
fn counting(daemon: &Dockerd, machine: &Machine, mark: &str) -> std::path::PathBuf {
    let shared = machine.path("shared");
    fs::create_dir_all(&shared).unwrap();
    let script = format!(
        "i=0; while true; do i=$((i+1)); echo $i > /shared/count; sleep 0.05; \
         if [ -e /shared/go ] && [ ! -e /shared/gone ]; then echo > /shared/gone; \
         /bin/true {mark}; fi; \
         if [ -e /shared/talk ]; then nc -w 1 127.0.0.1 7 < /dev/null; echo $? > /shared/talked; \
         fi; done"
    );
    let volume = format!("{}:/shared", shared.display());
    daemon
        .docker(&[
            "run",
            "-d",
            "--network=none",
            "-v",
            &volume,
            "planted/box:1.0",
            "/bin/sh",
            "-c",
            &script,
        ])
        .unwrap();
    let begun = Instant::now();
    while !shared.join("count").exists() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the container does not run");
        std::thread::sleep(Duration::from_millis(50));
    }
    shared
}

/// Whether the container goes on counting.
fn counts(shared: &std::path::Path) -> bool {
    let count = || fs::read_to_string(shared.join("count")).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let before = count();
    (0..20).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        count() != before
    })
}

fn undo(line: &Value) {
    for command in line["undo"].as_array().unwrap() {
        let command = command.as_str().unwrap();
        assert!(Command::new("sh").args(["-c", command]).status().unwrap().success(), "{command}");
    }
}

#[test]
fn a_container_is_paused_and_goes_on_when_that_is_undone() {
    let Some((daemon, _folder)) = docker() else { return };
    let mark = mark("pause");
    let machine = machine(
        &MARKED.replace("@MARK@", &mark),
        "- rule: stop\n  match: {rules: [Marked]}\n  actions: [pause]\n",
    );
    let shared = counting(&daemon, &machine, &mark);
    let Some(watching) = Responding::start(&machine, &["--enforce"]) else { return };
    assert!(counts(&shared));
    fs::write(shared.join("go"), "").unwrap();
    let noted = watching.noted(1, |line| line["action"] == "pause" && line["result"] == "done");
    assert!(!counts(&shared), "{noted:?}");
    undo(&noted[0]);
    assert!(counts(&shared));
    watching.end();
}

#[test]
fn a_container_is_cut_off_from_the_network() {
    let Some((daemon, _folder)) = docker() else { return };
    let mark = mark("isolate");
    let machine = machine(
        &MARKED.replace("@MARK@", &mark),
        "- rule: stop\n  match: {rules: [Marked]}\n  actions: [isolate]\n",
    );
    let shared = counting(&daemon, &machine, &mark);
    let Some(watching) = Responding::start(&machine, &["--enforce"]) else { return };
    // Nobody listens on the port: it is refused at once, and silence is what isolation makes.
    let talked = || {
        let _ = fs::remove_file(shared.join("talked"));
        fs::write(shared.join("talk"), "").unwrap();
        let begun = Instant::now();
        while !shared.join("talked").exists() {
            assert!(begun.elapsed() < Duration::from_secs(20), "it does not talk");
            std::thread::sleep(Duration::from_millis(5));
        }
        fs::remove_file(shared.join("talk")).unwrap();
        begun.elapsed()
    };
    assert!(talked() < Duration::from_millis(800));
    fs::write(shared.join("go"), "").unwrap();
    let noted = watching.noted(1, |line| line["action"] == "isolate" && line["result"] == "done");
    assert!(counts(&shared));
    std::thread::sleep(Duration::from_millis(200));
    assert!(talked() > Duration::from_millis(800), "{noted:?}");
    if Command::new("nft").arg("--version").output().is_ok() {
        let undo = noted[0]["undo"][0].as_str().unwrap();
        let list = undo.replace("delete table inet plimsoll-isolate", "list ruleset");
        let listed = Command::new("sh").args(["-c", &list]).output().unwrap();
        let rules = String::from_utf8(listed.stdout).unwrap();
        assert!(
            rules.contains("table inet plimsoll-isolate") && rules.contains("policy drop"),
            "{rules}"
        );
    } else {
        println!("skipped: nft is missing, and nothing undone");
        watching.end();
        return;
    }
    undo(&noted[0]);
    assert!(talked() < Duration::from_millis(800));
    watching.end();
}

#[test]
fn a_program_is_killed_at_the_call_in_a_container_and_not_beside_it() {
    let Some((daemon, _folder)) = docker() else { return };
    let machine = machine(
        "- rule: Doomed\n  desc: d\n  condition: evt.type in (execve, execveat) and \
         evt.failed = false and container.id != host and proc.name = touch\n  output: d\n  \
         priority: CRITICAL\n",
        "- rule: stop\n  match: {rules: [Doomed]}\n  actions: [kill]\n",
    );
    let Some(watching) = Responding::start(&machine, &["--enforce"]) else { return };
    let shared = machine.path("shared");
    fs::create_dir_all(&shared).unwrap();
    let volume = format!("{}:/shared", shared.display());
    let script = "sleep 1; /bin/touch /shared/touched; echo $? > /shared/status";
    daemon
        .docker(&[
            "run",
            "--network=none",
            "-v",
            &volume,
            "planted/box:1.0",
            "/bin/sh",
            "-c",
            script,
        ])
        .unwrap();
    assert_eq!(fs::read_to_string(shared.join("status")).unwrap().trim(), "137");
    assert!(!shared.join("touched").exists());
    let noted = watching.noted(1, |line| line["result"] == "done");
    assert!(noted[0]["detail"].as_str().unwrap().contains("at the call itself"), "{noted:?}");
    let beside = machine.path("beside");
    let script = format!("touch {}; :", beside.display());
    let status = of_the_machine(&script, "beside").status().unwrap();
    assert!(status.success() && beside.exists(), "{:?}", watching.noted(0, |_| true));
    watching.end();
}

#[test]
fn responses_are_enforced_only_where_numbers_of_processes_are_the_machines() {
    let machine = machine(
        &MARKED.replace("@MARK@", "x"),
        "- rule: stop\n  match: {rules: [Marked, Drift from the image]}\n  actions: [kill]\n",
    );
    let unshare = ["--pid", "--fork", "--mount-proc"];
    let can = Command::new("unshare").args(unshare).arg("true").status();
    if !can.is_ok_and(|status| status.success()) {
        println!("skipped: no namespace can be made here");
        return;
    }
    let ran = Command::new("unshare")
        .args(unshare)
        .arg(env!("CARGO_BIN_EXE_plimsoll"))
        .args(["watch", "--rules", "rules.yaml", "--respond", "responses.yaml", "--enforce"])
        .current_dir(machine.path("."))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(3), "{said}");
    assert!(said.contains("--pid=host"), "{said}");
    assert!(!said.contains("not loaded"), "drift is told of by no rule of a file: {said}");
}

#[test]
fn the_folder_of_the_switch_is_made() {
    let machine = machine(
        &MARKED.replace("@MARK@", &mark("switch")),
        "- rule: stop\n  match: {rules: [Marked]}\n  actions: [kill]\n",
    );
    let text = fs::read_to_string(machine.path("responses.yaml")).unwrap();
    let off = machine.path("run/plimsoll/off").display().to_string();
    let lines = text.lines().map(|line| match line.strip_prefix("off_switch:") {
        Some(_) => format!("off_switch: {off}\n"),
        None => format!("{line}\n"),
    });
    machine.write("responses.yaml", lines.collect::<String>());
    let Some(watching) = Responding::start(&machine, &["--enforce"]) else { return };
    let mode = fs::metadata(machine.path("run/plimsoll")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    watching.end();
}

#[test]
fn a_file_that_is_none_of_responses_is_named() {
    let machine =
        machine(&MARKED.replace("@MARK@", "x"), "- rule: a\n  match: {}\n  actions: [kill]\n");
    let ran = machine.run("watch --rules rules.yaml --respond responses.yaml").ended(2);
    assert!(ran.err.contains("`responses.yaml`: response `a`: `match` is empty"), "{}", ran.said());
}

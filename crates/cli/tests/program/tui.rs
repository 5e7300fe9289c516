//! `plimsoll tui`, in a real terminal: `script` gives it one.

use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::machine::{Machine, NOW};
use crate::sample;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// The program in a terminal of 80 columns and 24 lines.
struct Session {
    machine: Machine,
    script: Child,
    keys: ChildStdin,
    screen: Arc<Mutex<Vec<u8>>>,
}

impl Session {
    fn open(machine: Machine, arguments: &str) -> Self {
        let program = env!("CARGO_BIN_EXE_plimsoll");
        machine.write(
            "run.sh",
            format!(
                "stty rows 24 cols 80\ntty > tty\nstty -g > before\n\
                 sh -c 'echo $$ > pid; exec {program} {arguments}'\n\
                 echo $? > code\nstty -g > after\n"
            ),
        );
        let mut script = Command::new("script")
            .args(["-qec", "sh run.sh", "/dev/null"])
            .current_dir(machine.path(""))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", machine.path(""))
            .env("TERM", "xterm-256color")
            .env("PLIMSOLL_CACHE_DIR", machine.path("cache"))
            .env("SOURCE_DATE_EPOCH", NOW)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let keys = script.stdin.take().unwrap();
        let mut out = script.stdout.take().unwrap();
        let screen = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = out.read(&mut bytes) {
                seen.lock().unwrap().extend_from_slice(&bytes[..count]);
            }
        });
        Self { machine, script, keys, screen }
    }

    /// All that was written to the terminal so far.
    fn seen(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().unwrap()).into_owned()
    }

    /// Waits until a text is written, after what was there before.
    fn wait_for(&self, text: &str, after: usize) {
        let began = Instant::now();
        while !self.seen().get(after..).is_some_and(|seen| seen.contains(text)) {
            assert!(began.elapsed() < PATIENCE, "no `{text}` in\n{}", self.seen());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Presses keys and waits for what they bring about.
    fn press_for(&mut self, keys: &str, text: &str) {
        let before = self.seen().len();
        self.press(keys);
        self.wait_for(text, before);
    }

    fn signal(&self, signal: &str) {
        let pid = self.machine.read("pid");
        assert!(Command::new("kill").args([signal, pid.trim()]).status().unwrap().success());
    }

    /// The exit code, when it has ended; the terminal must be as it was.
    fn ended(mut self) -> (i32, String) {
        let began = Instant::now();
        while self.script.try_wait().unwrap().is_none() {
            if began.elapsed() > PATIENCE {
                self.script.kill().unwrap();
                panic!("it does not end:\n{}", self.seen());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(self.machine.read("before"), self.machine.read("after"));
        let code = self.machine.read("code").trim().parse().unwrap();
        (code, self.seen())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Without its terminal the program ends.
        let _ = self.script.kill();
        let _ = self.script.wait();
    }
}

const ENTER: &str = "\u{1b}[?1049h";
const LEAVE: &str = "\u{1b}[?1049l";

#[test]
fn a_person_looks_around_and_leaves() {
    let mut session = Session::open(sample::machine(), "tui docker-archive:app.tar");
    session.wait_for("CVE-2025-1004", 0);
    // Only what differs from the line before is written: of longer texts, letters may be missing.
    session.press_for("\t\t\t", "exploited");
    session.press_for("e", "installed,");
    session.press_for("\u{1b}", "Layers");
    session.press_for("\u{1b}[A?", "Shift-Tab");
    session.press("q");
    session.press("q");
    let (code, seen) = session.ended();
    assert_eq!(code, 0, "{seen}");
    let (enter, leave) = (seen.find(ENTER).unwrap(), seen.rfind(LEAVE).unwrap());
    assert!(enter < leave);
    assert_eq!(seen.matches(LEAVE).count(), 1);
}

#[test]
fn what_was_looked_at_can_be_explained_afterwards() {
    let mut session = Session::open(sample::machine(), "tui docker-archive:app.tar");
    session.wait_for("CVE-2025-1004", 0);
    session.press("\u{3}");
    let machine = &session.machine;
    let began = Instant::now();
    while !machine.path("code").exists() {
        assert!(began.elapsed() < PATIENCE, "{}", session.seen());
        std::thread::sleep(Duration::from_millis(20));
    }
    let said = machine.run("explain CVE-2025-1001").ended(0);
    assert!(said.out.contains("update to 3.0.13"), "{}", said.said());
    assert_eq!(session.ended().0, 0);
}

#[test]
fn another_size_is_drawn_anew() {
    let session = Session::open(sample::machine(), "tui docker-archive:app.tar");
    session.wait_for("CVE-2025-1004", 0);
    let before = session.seen().len();
    let terminal = session.machine.read("tty");
    let mut stty = Command::new("stty");
    stty.args(["-F", terminal.trim(), "rows", "40", "cols", "130"]);
    assert!(stty.status().unwrap().success());
    // The last line of the new size.
    session.wait_for("\u{1b}[40;1H", before);
    let mut session = session;
    session.press("q");
    assert_eq!(session.ended().0, 0);
}

#[test]
fn signals_end_it_as_they_do_other_programs() {
    for (signal, code) in [("-TERM", 143), ("-INT", 130), ("-HUP", 129)] {
        let session = Session::open(sample::machine(), "tui docker-archive:app.tar");
        session.wait_for("CVE-2025-1004", 0);
        session.signal(signal);
        let (ended, seen) = session.ended();
        assert_eq!(ended, code, "{signal}");
        assert!(seen.contains(LEAVE), "{seen}");
    }
}

#[test]
fn what_cannot_be_read_is_an_error_before_the_screen_is_taken() {
    let session = Session::open(Machine::new(), "tui docker-archive:none.tar");
    let (code, seen) = session.ended();
    assert_eq!(code, 3, "{seen}");
    assert!(seen.contains("none.tar") && !seen.contains(ENTER), "{seen}");
}

#[test]
fn without_a_terminal_it_names_the_command_that_needs_none() {
    let ran = sample::machine().run("tui docker-archive:app.tar").ended(2);
    insta::assert_snapshot!(ran.err, @"error: `plimsoll tui` needs a terminal to draw on and to read keys from; `plimsoll scan REF` says the same without one");
    assert_eq!(ran.out, "");
}

//! A machine of its own for each test: a folder to work in, an empty cache, a pinned time.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The moment at which all tests run: 2026-01-02T03:04:05Z.
pub(crate) const NOW: &str = "1767323045";

/// The command that compiles the feeds of a folder.
pub(crate) const UPDATE: &str = "db update --no-starter --mirror";

/// A folder in which the program runs, knowing nothing of this machine.
pub(crate) struct Machine(TempDir);

/// What a run left.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The JSON on stdout.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}", self.said()))
    }

    /// Everything that was said, for messages.
    pub(crate) fn said(&self) -> String {
        format!("exit {}\n{}{}", self.code, self.err, self.out)
    }

    /// The run, if it ended with this code.
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.said());
        self
    }
}

impl Machine {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    /// Runs `plimsoll` with arguments that stand between spaces.
    pub(crate) fn run(&self, arguments: &str) -> Ran {
        self.run_with(&[], arguments)
    }

    /// Compiles the feeds of these folders, which are to be all there is.
    pub(crate) fn update(&self, mirrors: &str) -> Ran {
        self.run(&format!("{UPDATE} {mirrors}"))
    }

    /// Runs it with more variables.
    pub(crate) fn run_with(&self, variables: &[(&str, &str)], arguments: &str) -> Ran {
        let mut command = self.command();
        let output = command
            .envs(variables.iter().copied())
            .args(arguments.split_whitespace())
            .output()
            .unwrap();
        Ran::of(output)
    }

    /// Runs it with a text on its standard input.
    pub(crate) fn run_with_stdin(&self, arguments: &str, text: &str) -> Ran {
        let mut child = self
            .command()
            .args(arguments.split_whitespace())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that has seen enough leaves the rest.
        let written = child.stdin.take().unwrap().write_all(text.as_bytes());
        assert!(written.is_ok() || written.is_err_and(|why| why.kind() == ErrorKind::BrokenPipe));
        Ran::of(child.wait_with_output().unwrap())
    }

    /// The program, not yet run.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
        command
            .current_dir(self.0.path())
            .env_clear()
            .env("HOME", self.0.path())
            .env("PLIMSOLL_CACHE_DIR", self.path("cache"))
            .env("SOURCE_DATE_EPOCH", NOW);
        command
    }
}

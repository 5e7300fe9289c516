//! A program that gets an alert on its standard input, as Falco starts it: by the shell.

use std::io::Write;
use std::process::{Child, Command, Stdio};

use plimsoll_runtime::alert::Alert;

use crate::settings::ProgramSettings;
use crate::{Channel, OutputError};

/// A program.
#[derive(Debug)]
pub(crate) struct Program {
    settings: ProgramSettings,
    running: Option<Child>,
}

impl Program {
    pub(crate) fn new(settings: ProgramSettings) -> Result<Self, OutputError> {
        if settings.program.trim().is_empty() {
            return Err(OutputError::Settings("`program_output` has no `program`".to_owned()));
        }
        Ok(Self { settings, running: None })
    }

    fn what(&self) -> String {
        format!("the program `{}`", self.settings.program)
    }

    fn start(&self) -> Result<Child, OutputError> {
        // What it prints is no alert of ours.
        Command::new("/bin/sh")
            .arg("-c")
            .arg(&self.settings.program)
            .stdin(Stdio::piped())
            .stdout(std::io::stderr())
            .spawn()
            .map_err(OutputError::io(self.what()))
    }

    /// Closes the input and waits for the end.
    fn end(&self, mut child: Child) -> Result<(), OutputError> {
        drop(child.stdin.take());
        let status = child.wait().map_err(OutputError::io(self.what()))?;
        if status.success() {
            return Ok(());
        }
        let why = std::io::Error::other(format!("it ended with {status}"));
        Err(OutputError::Io { what: self.what(), why })
    }
}

impl Channel for Program {
    fn name(&self) -> &'static str {
        "program"
    }

    fn send(&mut self, _: &Alert, line: &str) -> Result<(), OutputError> {
        let mut child = match self.running.take() {
            Some(child) => child,
            None => self.start()?,
        };
        let written = match child.stdin.as_mut() {
            Some(input) => input.write_all(format!("{line}\n").as_bytes()),
            None => Ok(()),
        };
        match written {
            Ok(()) if self.settings.keep_alive => {
                self.running = Some(child);
                Ok(())
            }
            // A program may have read enough.
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                let _ = self.end(child);
                Err(OutputError::Io { what: self.what(), why: error })
            }
            _ => self.end(child),
        }
    }

    fn flush(&mut self) -> Result<(), OutputError> {
        match self.running.take() {
            Some(child) => self.end(child),
            None => Ok(()),
        }
    }
}

//! What was done and what was not, a line of JSON each.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_runtime::event::iso_time;
use serde_json::{Value, json};

use crate::actions::{Done, Outcome};
use crate::process;
use crate::target::Target;

/// What became of one action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Result {
    /// It was done.
    Done,
    /// It was so already.
    Already,
    /// It would have been done.
    DryRun,
    /// There was nothing left to do it to.
    Gone,
    /// It must not be done.
    Refused,
    /// There were too many in a minute.
    Limited,
    /// Responses are switched off.
    Off,
    /// It was tried and did not work.
    Failed,
}

impl Result {
    /// Its name in the journal.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Already => "already",
            Self::DryRun => "dry-run",
            Self::Gone => "gone",
            Self::Refused => "refused",
            Self::Limited => "limited",
            Self::Off => "off",
            Self::Failed => "failed",
        }
    }
}

impl From<Outcome> for Result {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::Done,
            Outcome::Already => Self::Already,
            Outcome::Gone => Self::Gone,
            Outcome::Refused => Self::Refused,
            Outcome::Failed => Self::Failed,
        }
    }
}

/// How many actions ended how.
pub type Tally = BTreeMap<(&'static str, Result), u64>;

/// Where lines go.
#[derive(Debug, Clone)]
pub struct Journal(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    /// None: standard error.
    file: Option<File>,
    tally: Tally,
    unwritten: u64,
}

/// Whom a line is about.
pub(crate) struct Subject<'s> {
    pub(crate) rule: &'s str,
    pub(crate) priority: &'s str,
    pub(crate) response: &'s str,
    pub(crate) target: &'s Target,
}

impl Journal {
    /// To a file, which only its owner reads, or to standard error.
    ///
    /// # Errors
    /// Where the file cannot be opened.
    pub fn new(path: Option<&Path>) -> io::Result<Self> {
        let open = |path| OpenOptions::new().create(true).append(true).mode(0o600).open(path);
        let file = path.map(open).transpose()?;
        Ok(Self(Arc::new(Mutex::new(Inner { file, tally: Tally::new(), unwritten: 0 }))))
    }

    pub(crate) fn write(
        &self,
        subject: &Subject<'_>,
        action: &'static str,
        done: &Done,
        as_result: Option<Result>,
    ) {
        let result = as_result.unwrap_or(done.result.into());
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = inner.tally.entry((action, result)).or_default();
        *count = count.saturating_add(1);
        let line = line(subject, action, done, result, process::now());
        let mut text = line.to_string();
        text.push('\n');
        // In one piece, so that lines of several writers do not mix.
        let written = match &mut inner.file {
            Some(file) => file.write_all(text.as_bytes()),
            None => io::stderr().write_all(text.as_bytes()),
        };
        if written.is_err() {
            inner.unwritten = inner.unwritten.saturating_add(1);
        }
    }

    /// Notes that a line will never be written.
    pub(crate) fn lose(&self) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.unwritten = inner.unwritten.saturating_add(1);
    }

    /// How many actions ended how until now.
    pub fn tally(&self) -> Tally {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).tally.clone()
    }

    /// How many lines could not be written.
    pub fn unwritten(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).unwritten
    }
}

fn line(subject: &Subject<'_>, action: &str, done: &Done, result: Result, now: u64) -> Value {
    let Subject { rule, priority, response, target } = subject;
    json!({
        "time": iso_time(now),
        "event_time": iso_time(target.time),
        "after_us": now.saturating_sub(target.time) / 1_000,
        "rule": rule,
        "priority": priority,
        "response": response,
        "action": action,
        "dry_run": result == Result::DryRun,
        "result": result.name(),
        "detail": done.detail,
        "undo": done.undo,
        "target": target.json(),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_line_tells_who_did_what_to_whom_and_how_to_undo_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let journal = Journal::new(Some(&path)).unwrap();
        let target = Target::made(7, 1_000_000_000, &[("proc.pid", "7"), ("proc.name", "a\nb")]);
        let subject =
            Subject { rule: "R", priority: "Critical", response: "stop", target: &target };
        let done = Done {
            result: Outcome::Done,
            detail: "stands".to_owned(),
            undo: vec!["echo 0 > /x".to_owned()],
        };
        journal.write(&subject, "pause", &done, None);
        journal.write(&subject, "pause", &done, Some(Result::DryRun));
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<Value> = text.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
        assert_eq!(lines.len(), 2, "a name with a line's end in it is escaped");
        assert_eq!(lines[0]["result"], "done");
        assert_eq!(lines[0]["target"]["proc.name"], "a\nb");
        assert_eq!(lines[0]["target"]["proc.pid"], 7);
        assert_eq!(lines[0]["event_time"], "1970-01-01T00:00:01.000000000Z");
        assert_eq!(lines[1]["dry_run"], true);
        assert_eq!(journal.tally()[&("pause", Result::DryRun)], 1);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

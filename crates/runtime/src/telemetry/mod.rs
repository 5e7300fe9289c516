//! Logs of other sensors as system calls: Tetragon's and Tracee's events, Linux's audit.
//!
//! Each event is told in words that all of them share ([`report`]), written as an event of a capture
//! ([`scribe`]) and replayed as one: rules, fields and recordings are the same for all. A format is a
//! file here and a line in [`FORMATS`].

mod auditd;
mod calls;
mod container;
mod report;
mod scribe;
mod tetragon;
mod tracee;
mod translation;

use report::Report;

use crate::sources::Json;

pub use translation::{Translation, is_audit, is_telemetry};

/// A format of events in JSON.
struct Format {
    /// Whether a document is an event of it.
    is_event: fn(&Json) -> bool,
    /// What it tells, or why that cannot be said.
    report: fn(&Json) -> Result<Report, String>,
}

/// Every format in JSON.
const FORMATS: [&Format; 2] = [&tetragon::FORMAT, &tracee::FORMAT];

/// A whole number, which may be written as a text.
fn number(value: Option<&Json>) -> Option<i64> {
    match value? {
        Json::Plain(text) | Json::Text(text) => text.parse().ok(),
        _ => None,
    }
}

/// A number of a user or a group.
fn account(value: Option<&Json>) -> Option<u32> {
    number(value).and_then(|id| u32::try_from(id).ok())
}

/// A text, empty where there is none.
fn text(value: Option<&Json>) -> String {
    value.and_then(Json::text).unwrap_or_default().to_owned()
}

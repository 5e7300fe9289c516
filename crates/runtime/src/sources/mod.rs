//! Logs in JSON as events: a source is a file here and a line in [`ALL`].

mod cloudtrail;
mod containers;
mod document;
mod documents;
mod falco;
mod json;
mod k8s_audit;
mod reader;

use crate::event::{Arena, Event, EventCode, FieldRef, Values};
use crate::fields::Source;

pub use document::Json;
pub(crate) use documents::Documents;
pub use documents::Skipped;
pub use reader::{Read, Reader};

/// A kind of log.
#[derive(Debug)]
pub struct Log {
    /// The source that rules name.
    pub source: Source,
    /// What `evt.pluginname` shows; none of events that no plugin makes.
    pub plugin: Option<&'static str>,
    /// Whether a document is an event of it.
    pub is_event: fn(&Json) -> bool,
    /// The events in a document that holds several.
    pub batch: fn(&Json) -> Option<&[Json]>,
    /// When an event was, or what is wrong with it.
    pub time: fn(&Json) -> Result<u64, &'static str>,
    /// The type of an event, where it is not that of all plugins.
    pub code: fn(&Json) -> Option<EventCode>,
    /// The fields that are its own.
    field: for<'e> fn(&'e Json, &FieldRef, &'e Arena) -> Values<'e>,
    /// An event in one line.
    info: fn(&Json) -> String,
}

/// Every kind of log.
pub static ALL: [&Log; 3] = [&k8s_audit::LOG, &cloudtrail::LOG, &falco::LOG];

/// A document as an event.
#[derive(Debug)]
pub struct LogEvent {
    log: &'static Log,
    document: Json,
    time: u64,
    first_time: u64,
    number: u64,
    code: EventCode,
}

impl Event for LogEvent {
    fn source(&self) -> Source {
        self.log.source
    }

    fn code(&self) -> EventCode {
        self.code
    }

    fn time(&self) -> u64 {
        self.time
    }

    fn number(&self) -> u64 {
        self.number
    }

    fn first_time(&self) -> u64 {
        self.first_time
    }

    fn field<'e>(&'e self, field: &FieldRef, arena: &'e Arena) -> Values<'e> {
        match json::field(&self.document, self.time, field, arena) {
            Some(values) => values,
            None => (self.log.field)(&self.document, field, arena),
        }
    }

    fn plugin_name(&self) -> Option<&str> {
        self.log.plugin
    }

    fn plugin_info<'e>(&'e self, arena: &'e Arena) -> Option<&'e str> {
        Some(arena.alloc_str(&(self.log.info)(&self.document)))
    }
}

/// Nanoseconds since 1970 of a time in RFC 3339.
pub(crate) fn time(value: Option<&Json>) -> Option<u64> {
    let time: jiff::Timestamp = value?.text()?.parse().ok()?;
    u64::try_from(time.as_nanosecond()).ok()
}

//! Events that stand in a file of cases: those of any log that `--replay` takes, and system calls by their
//! fields alone.

use std::io::Cursor;

use plimsoll_runtime::event::Stream;
use plimsoll_runtime::fields::{FieldError, Source};
use plimsoll_runtime::sources::{Json, Reader};
use plimsoll_runtime::telemetry::{self, Translation};
use serde_json::{Map, Value, json};

use crate::exit::Usage;

/// The field that every system call has, by which one is known.
const TYPE: &str = "evt.type";
/// When a call was that does not say it.
const TIME: u64 = 1_700_000_000_000_000_000;

/// The events, those of one kind of log after the other.
pub(super) fn streams(events: &[Value]) -> anyhow::Result<Vec<Box<dyn Stream>>> {
    let (mut documents, mut telemetry, mut audit) = (Vec::new(), Vec::new(), Vec::new());
    for (at, event) in events.iter().enumerate() {
        match event {
            // A record of Linux's audit is a line and no object.
            Value::String(line) => audit.push(line.clone()),
            Value::Object(fields) if fields.contains_key(TYPE) => {
                let call = call(fields).map_err(|why| Usage(format!("event {}: {why}", at + 1)))?;
                documents.push(call.to_string());
            }
            other => {
                let text = other.to_string();
                let is_telemetry = serde_json::from_str::<Json>(&text)
                    .is_ok_and(|document| telemetry::is_telemetry(&document));
                if is_telemetry { telemetry.push(text) } else { documents.push(text) }
            }
        }
    }
    let input = |lines: Vec<String>| Cursor::new(lines.join("\n"));
    let mut streams: Vec<Box<dyn Stream>> = Vec::new();
    if !documents.is_empty() {
        streams.push(Box::new(Reader::new(input(documents))));
    }
    if !telemetry.is_empty() {
        streams.push(Box::new(Translation::json(input(telemetry))?));
    }
    if !audit.is_empty() {
        let mut lines = input(audit);
        if !telemetry::is_audit(lines.get_ref().as_bytes()) {
            let why = "an event that is a text has to be a record of Linux's audit: `type=SYSCALL \
                       msg=audit(…): …`";
            return Err(Usage(why.to_owned()).into());
        }
        lines.get_mut().push('\n');
        streams.push(Box::new(Translation::audit(lines)?));
    }
    Ok(streams)
}

/// A system call of which only fields are given, as the alert of Falco that would tell of it.
fn call(fields: &Map<String, Value>) -> Result<Value, String> {
    for name in fields.keys() {
        let (bare, argument) = match name.split_once('[') {
            Some((bare, rest)) => (bare, Some(rest.strip_suffix(']').unwrap_or(rest))),
            None => (name.as_str(), None),
        };
        match Source::Syscall.resolve(bare, argument) {
            Ok(_) => {}
            Err(FieldError::Argument(why)) => return Err(why),
            Err(_) => {
                let meant = Source::Syscall.nearest(bare);
                let meant = meant.map(|meant| format!(": did you mean `{meant}`?"));
                return Err(format!("there is no field `{name}`{}", meant.unwrap_or_default()));
            }
        }
    }
    let mut fields = fields.clone();
    fields.entry("evt.time").or_insert_with(|| json!(TIME));
    Ok(json!({
        "rule": "", "priority": "Debug", "source": "syscall", "output": "", "output_fields": fields,
    }))
}

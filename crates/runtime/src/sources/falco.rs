//! Alerts that Falco wrote in JSON, as the events that raised them: a field has the value that its
//! alert tells, and none where the alert does not tell it.
//!
//! The object: `json_output` of falcosecurity/falco, `userspace/falco/formats.cpp`.

use super::{Json, Log};
use crate::event::{Arena, EventCode, FieldRef, Value, Values};
use crate::fields::{Kind, Source};

/// Falco's alerts on system calls.
pub(super) static LOG: Log = Log {
    source: Source::Syscall,
    plugin: None,
    is_event: |document| {
        let source = document.get("source").and_then(Json::text).unwrap_or("syscall");
        source == "syscall"
            && ["rule", "priority", "output_fields"].iter().all(|key| document.get(key).is_some())
    },
    batch: |_| None,
    time: |document| {
        let told = document.at(&["output_fields", "evt.time"]);
        let nanoseconds = match told {
            Some(Json::Plain(number)) => number.parse().ok(),
            _ => None,
        };
        nanoseconds
            .or_else(|| super::time(document.get("time")))
            .ok_or("it has no time in `time` or `evt.time`")
    },
    code: |document| {
        let told = document.at(&["output_fields", "evt.type"]).and_then(Json::text);
        told.and_then(EventCode::named)
    },
    field,
    info: |document| document.get("output").and_then(Json::text).unwrap_or_default().to_owned(),
};

fn field<'e>(document: &'e Json, field: &FieldRef, arena: &'e Arena) -> Values<'e> {
    let Some(fields) = document.get("output_fields") else { return Values::Absent };
    let told = match (field.index(), field.key()) {
        (Some(index), _) => fields.get(&format!("{}[{index}]", field.name)),
        (None, Some(key)) => {
            let bracketed = fields.get(&format!("{}[{key}]", field.name));
            bracketed.or_else(|| fields.get(&format!("{}.{key}", field.name)))
        }
        (None, None) => fields.get(field.name),
    };
    let plain = match told {
        None => return Values::Absent,
        Some(Json::Plain(word)) if **word == *"null" => return Values::Absent,
        Some(told) => told.shown(arena),
    };
    let value = match field.kind {
        Kind::Text | Kind::Bytes => Some(Value::text(plain)),
        Kind::Bool => plain.parse().ok().map(Value::Bool),
        Kind::Signed(_) => plain.parse().ok().map(Value::Signed),
        Kind::Unsigned(_) | Kind::Port | Kind::Duration | Kind::Time => {
            plain.parse().ok().map(Value::Unsigned)
        }
        Kind::Double => plain.parse().ok().map(Value::Double),
        Kind::Address | Kind::Network => plain.parse().ok().map(Value::Address),
        Kind::Opaque => None,
    };
    value.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event as _;
    use crate::sources::{Read, Reader};

    #[test]
    fn an_alert_is_the_event_that_raised_it() {
        let alert = r#"{"output":"x","priority":"Warning","rule":"r","source":"syscall",
            "time":"2024-05-01T10:20:01.5Z","output_fields":{"evt.type":"openat",
            "fd.name":"/etc/shadow","proc.aname[2]":"sshd","fd.sport":22,"evt.arg.flags":"O_RDONLY",
            "container.id":null}}"#;
        let mut reader = Reader::new(alert.as_bytes());
        let Some(Read::Event(event)) = reader.read().unwrap() else { panic!("no event") };
        assert_eq!((event.source(), event.code().name()), (Source::Syscall, "openat"));
        assert_eq!(event.time(), 1_714_558_801_500_000_000);
        let arena = Arena::new();
        let value = |name, argument| {
            let field = FieldRef::resolve(Source::Syscall, name, argument).unwrap();
            event.field(&field, &arena).as_slice().first().copied()
        };
        assert_eq!(value("fd.name", None), Some(Value::text("/etc/shadow")));
        assert_eq!(value("proc.aname", Some("2")), Some(Value::text("sshd")));
        assert_eq!(value("fd.sport", None), Some(Value::Unsigned(22)));
        assert_eq!(value("evt.arg.flags", None), Some(Value::text("O_RDONLY")));
        assert_eq!(value("container.id", None), None);
        assert_eq!(value("proc.name", None), None);
    }
}

//! Values as texts and as JSON.

use serde_json::Value as JsonValue;

use crate::event::{Value, Values};
use crate::fields::Kind;

/// Fields of nanoseconds that are shown with all their nine digits.
const PADDED: [&str; 9] = [
    "evt.rawtime.ns",
    "evt.reltime",
    "evt.reltime.ns",
    "evt.deltatime",
    "evt.deltatime.ns",
    "evt.latency.ns",
    "evt.latency",
    "proc.duration",
    "proc.ppid.duration",
];

/// What is shown of a value that is not there.
pub(super) const NOT_AVAILABLE: &str = "<NA>";

/// A value as text.
fn as_text(value: Value<'_>, kind: Kind, name: &str) -> String {
    match value {
        Value::Bytes(bytes) if kind == Kind::Bytes => {
            let printable = |byte: &u8| if (32..127).contains(byte) { *byte } else { b'.' };
            bytes.iter().map(printable).map(char::from).collect()
        }
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::Unsigned(number) if PADDED.contains(&name) => format!("{number:09}"),
        Value::Unsigned(number) => number.to_string(),
        Value::Signed(number) => number.to_string(),
        Value::Bool(is) => is.to_string(),
        Value::Double(number) => format!("{number:.1}"),
        Value::Address(address) => address.to_string(),
    }
}

/// The values of a field as text: several in parentheses.
pub(super) fn text(values: &Values<'_>, kind: Kind, is_list: bool, name: &str) -> String {
    let all = values.as_slice();
    if is_list && !values.is_absent() {
        let all: Vec<String> = all.iter().map(|value| as_text(*value, kind, name)).collect();
        return format!("({})", all.join(","));
    }
    all.first().map_or_else(|| NOT_AVAILABLE.to_owned(), |value| as_text(*value, kind, name))
}

/// The values of a field as JSON; null where there is none.
pub(super) fn json(
    values: &Values<'_>,
    kind: Kind,
    is_list: bool,
    name: &str,
    time: u64,
) -> JsonValue {
    // Times are numbers, however they are shown.
    match name {
        "evt.time" | "evt.time.s" | "evt.time.iso8601" | "evt.datetime" | "evt.datetime.s" => {
            return time.into();
        }
        _ => {}
    }
    let is_number = name.starts_with("evt.rawtime") || name.starts_with("evt.reltime");
    let one = |value: Value<'_>| match value {
        Value::Unsigned(number) if is_number || !PADDED.contains(&name) => number.into(),
        Value::Signed(number) => number.into(),
        Value::Bool(is) => is.into(),
        Value::Double(number) => number.into(),
        other => as_text(other, kind, name).into(),
    };
    if is_list && !values.is_absent() {
        return values.as_slice().iter().map(|value| one(*value)).collect::<Vec<_>>().into();
    }
    values.as_slice().first().map_or(JsonValue::Null, |value| one(*value))
}

//! The fields that every event has: its number, its time, its source.
//!
//! After libsinsp's `sinsp_filtercheck_gen_event.cpp`.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Arena, Event, FieldRef, Value, Values};

const SECOND: u64 = 1_000_000_000;

/// The value of a field of `fields/generic.tsv`; `host` is what `evt.hostname` shows
/// where the event does not say.
pub(crate) fn field<'e>(
    event: &'e dyn Event,
    name: &str,
    host: Option<&'e str>,
    arena: &'e Arena,
) -> Values<'e> {
    let time = event.time();
    let since = time.saturating_sub(event.first_time());
    let local = |format| Values::text(Some(arena.alloc_str(&shown(time, format))));
    let number = |number| Values::One(Value::Unsigned(number));
    match name {
        "evt.num" => number(event.number()),
        "evt.time" => local("%H:%M:%S.%9f"),
        "evt.time.s" => local("%H:%M:%S"),
        "evt.datetime" => local("%Y-%m-%d %H:%M:%S.%9f"),
        "evt.datetime.s" => local("%Y-%m-%d %H:%M:%S"),
        "evt.time.iso8601" => {
            let text = universal(time).strftime("%Y-%m-%dT%H:%M:%S.%9f+0000").to_string();
            Values::text(Some(arena.alloc_str(&text)))
        }
        "evt.rawtime" => number(time),
        "evt.rawtime.s" => number(time / SECOND),
        "evt.rawtime.ns" => number(time % SECOND),
        "evt.reltime" => number(since),
        "evt.reltime.s" => number(since / SECOND),
        "evt.reltime.ns" => number(since % SECOND),
        "evt.pluginname" => Values::text(event.plugin_name()),
        "evt.plugininfo" => Values::text(event.plugin_info(arena)),
        "evt.source" => Values::text(Some(event.source().name())),
        "evt.is_async" => Values::One(Value::Bool(event.async_name().is_some())),
        "evt.asynctype" => Values::text(event.async_name()),
        "evt.hostname" => Values::text(event.host().or(host)),
        _ => Values::Absent,
    }
}

/// Whether a field is one of those.
pub(crate) fn is_generic(field: &FieldRef) -> bool {
    crate::fields::is_generic(field.name)
}

/// A time as `2024-05-01T10:20:30.123456789Z`.
pub fn iso_time(nanoseconds: u64) -> String {
    universal(nanoseconds).strftime("%Y-%m-%dT%H:%M:%S.%9fZ").to_string()
}

fn timestamp(nanoseconds: u64) -> Timestamp {
    Timestamp::from_nanosecond(nanoseconds.into()).unwrap_or(Timestamp::MAX)
}

fn universal(nanoseconds: u64) -> jiff::Zoned {
    timestamp(nanoseconds).to_zoned(TimeZone::UTC)
}

/// A time in the zone of the machine.
fn shown(nanoseconds: u64, format: &str) -> String {
    timestamp(nanoseconds).to_zoned(TimeZone::system()).strftime(format).to_string()
}

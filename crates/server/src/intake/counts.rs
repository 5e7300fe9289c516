//! What sensors say of themselves in alerts: how many events they saw, and how many they lost.
//!
//! Source: falcosecurity/falco, `event_drops.cpp` and `stats_writer.cpp`; `plimsoll watch` says it in the
//! same words.

use serde::Deserialize;
use serde_json::Value;

use super::Alert;

/// The alert about events that were lost; its numbers are of the time since the last one.
const DROPS: &str = "Falco internal: syscall event drop";

/// The alert about everything, whose numbers go on counting; those of before stand beside them.
const SNAPSHOT: &str = "Falco internal: metrics snapshot";

/// A number, which older versions write as text.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
struct Number(Value);

impl Number {
    fn get(&self) -> u64 {
        match &self.0 {
            Value::String(text) => text.parse().unwrap_or(0),
            other => other.as_u64().unwrap_or(0),
        }
    }

    /// What came on top of `before`; a sensor that began anew began at nothing.
    fn since(&self, before: &Self) -> u64 {
        self.get().checked_sub(before.get()).unwrap_or_else(|| self.get())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Said {
    n_evts: Number,
    n_drops: Number,
    n_drops_buffer_total: Number,
    #[serde(rename = "scap.n_evts")]
    scap_events: Number,
    #[serde(rename = "scap.n_evts_prev")]
    scap_events_before: Number,
    #[serde(rename = "scap.n_drops")]
    scap_drops: Number,
    #[serde(rename = "scap.n_drops_prev")]
    scap_drops_before: Number,
}

/// Events of a sensor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// How many it saw.
    pub events: u64,
    /// How many it lost, by reason.
    pub lost: Vec<(&'static str, u64)>,
}

impl Counts {
    /// What an alert says of its sensor; `None` where it is about something else.
    pub fn of(alert: &Alert) -> Option<Self> {
        let is_snapshot = alert.rule == SNAPSHOT;
        if !is_snapshot && alert.rule != DROPS {
            return None;
        }
        let said: Said = serde_json::from_str(&alert.fields).unwrap_or_default();
        if is_snapshot {
            // What was lost is told by the other alert, where a sensor tells it at all.
            let lost = said.scap_drops.since(&said.scap_drops_before);
            let lost = if lost > 0 { vec![("snapshot", lost)] } else { Vec::new() };
            return Some(Self { events: said.scap_events.since(&said.scap_events_before), lost });
        }
        let full = said.n_drops_buffer_total.get();
        let other = said.n_drops.get().saturating_sub(full);
        let lost = [("buffer_full", full), ("other", other)];
        let lost = lost.into_iter().filter(|(_, count)| *count > 0).collect();
        Some(Self { events: said.n_evts.get(), lost })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn counts(rule: &str, fields: &Value) -> Option<Counts> {
        let text = json!({"rule": rule, "priority": "Critical", "output_fields": fields});
        Counts::of(&Alert::parse(text.to_string().as_bytes(), 0).unwrap())
    }

    #[test]
    fn losses_are_told_by_reason_and_numbers_may_be_texts() {
        let said = json!({"n_evts": "1000", "n_drops": 8, "n_drops_buffer_total": "7"});
        let found = counts(DROPS, &said).unwrap();
        assert_eq!(found.events, 1000);
        assert_eq!(found.lost, [("buffer_full", 7), ("other", 1)]);
        assert_eq!(counts(DROPS, &json!({"n_evts": -1})), Some(Counts::default()));
        assert_eq!(counts("Shell", &said), None);
    }

    #[test]
    fn a_snapshot_counts_what_came_since_the_last_one() {
        let said = json!({"scap.n_evts": 106_361, "scap.n_evts_prev": 105_274,
            "scap.n_drops": 3, "scap.n_drops_prev": 5});
        let found = counts(SNAPSHOT, &said).unwrap();
        assert_eq!((found.events, found.lost), (1_087, vec![("snapshot", 3)]));
    }
}

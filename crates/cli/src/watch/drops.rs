//! Events that were lost are told as Falco tells them: an alert, of which there may be a few at once.
//! So are alerts that an output had no room for, to the other outputs.
//!
//! After `event_drops.cpp` of falcosecurity/falco.

use std::collections::BTreeMap;

use plimsoll_runtime::alert::Alert;
use plimsoll_runtime::event::iso_time;
use plimsoll_runtime::fields::Source;
use plimsoll_runtime::loader::Priority;
use serde_json::{Value, json};

/// The rule that such an alert names.
const RULE: &str = "Falco internal: syscall event drop";
/// The same for alerts that an output had no room for; Falco has none.
const FULL: &str = "Plimsoll internal: alert drop";

/// What was lost lately.
#[derive(Debug, Default, Clone)]
pub(super) struct Lost {
    /// Events that were made.
    pub(super) made: u64,
    /// Events for which a ring had no room.
    pub(super) ring_full: u64,
    /// Events that were too large.
    pub(super) too_large: u64,
    /// Of which calls, since the beginning.
    pub(super) calls: Vec<(&'static str, u64)>,
}

impl Lost {
    fn sum(&self) -> u64 {
        self.ring_full.saturating_add(self.too_large)
    }
}

/// The alert for what was lost.
pub(super) fn alert(lost: &Lost, time: u64, host: &str) -> Alert {
    let message = format!("{RULE}. {} system calls dropped in last second.", lost.sum());
    let mut fields = BTreeMap::from([
        ("ebpf_enabled".to_owned(), json!(1)),
        ("n_evts".to_owned(), json!(lost.made)),
        ("n_drops".to_owned(), json!(lost.sum())),
        ("n_drops_buffer_total".to_owned(), json!(lost.ring_full)),
        ("n_drops_too_large".to_owned(), json!(lost.too_large)),
    ]);
    for (call, count) in &lost.calls {
        fields.insert(format!("n_drops_{call}"), json!(count));
    }
    internal(RULE, message, fields, time, host)
}

/// The alert for alerts that an output had no room for.
pub(super) fn full(output: &str, alerts: u64, time: u64, host: &str) -> Alert {
    let message =
        format!("{FULL}. {alerts} alerts were not handed to {output}: its queue is full.");
    let fields = BTreeMap::from([
        ("n_drops".to_owned(), json!(alerts)),
        ("output".to_owned(), json!(output)),
    ]);
    internal(FULL, message, fields, time, host)
}

fn internal(
    rule: &str,
    message: String,
    fields: BTreeMap<String, Value>,
    time: u64,
    host: &str,
) -> Alert {
    Alert {
        rule: rule.to_owned(),
        source: Source::Syscall,
        priority: Priority::Critical,
        tags: Vec::new(),
        time,
        host: host.to_owned(),
        output: format!("{}: Critical {message}", iso_time(time)),
        message,
        fields,
        explanation: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_says_how_many_events_are_missing_and_of_which_calls() {
        let lost = Lost {
            made: 100,
            ring_full: 7,
            too_large: 1,
            calls: vec![("openat", 7), ("execve", 1)],
        };
        let alert = alert(&lost, 0, "host");
        assert!(alert.output.contains("8 system calls dropped in last second"), "{}", alert.output);
        assert_eq!(alert.fields["n_drops_openat"], 7);
        assert_eq!(alert.fields["n_drops"], 8);
    }
}

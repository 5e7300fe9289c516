//! What is counted, as Prometheus reads it.
//!
//! `pod_security_*` are the names and labels of the API server's own plugin, so that what watches
//! the one watches the other: `metrics/metrics.go` of the plugin.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::review::{Request, Subject, resource_label};
use crate::tally::Tally;

/// Upper ends of the classes of durations, in seconds.
const BUCKETS: [f64; 12] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 1.0, 3.0, 10.0];

/// The most series of one metric: names of subresources come from outside.
const MAX_SERIES: usize = 2000;

/// Name and help of every counter.
const COUNTERS: [(&str, &str); 7] = [
    (
        "pod_security_evaluations_total",
        "Number of policy evaluations that occurred, not counting ignored or exempt requests.",
    ),
    (
        "pod_security_exemptions_total",
        "Number of exempt requests, not counting ignored or out of scope requests.",
    ),
    (
        "pod_security_errors_total",
        "Number of errors preventing normal evaluation. Non-fatal errors may result in the latest restricted profile being used for evaluation.",
    ),
    ("plimsoll_admission_requests_total", "Reviews that were answered."),
    ("plimsoll_admission_violations_total", "Rules that reviews violated."),
    ("plimsoll_admission_undecided_total", "Rules that could not be decided."),
    (
        "plimsoll_admission_refused_requests_total",
        "Requests that were no reviews, by what was wrong with them.",
    ),
];

/// All counters.
#[derive(Debug, Default)]
pub struct Metrics {
    counters: Mutex<BTreeMap<(&'static str, String), u64>>,
    durations: Mutex<Durations>,
}

#[derive(Debug, Default)]
struct Durations {
    classes: [u64; BUCKETS.len()],
    count: u64,
    sum: f64,
}

fn labels(pairs: &[(&str, &str)]) -> String {
    let escaped = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let pairs: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    pairs.join(",")
}

impl Metrics {
    fn add(&self, name: &'static str, pairs: &[(&str, &str)]) {
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (name, labels(pairs));
        if counters.len() >= MAX_SERIES * COUNTERS.len() && !counters.contains_key(&key) {
            return;
        }
        let count = counters.entry(key).or_default();
        *count = count.saturating_add(1);
    }

    /// Counts an answer.
    pub fn answered(
        &self,
        request: &Request<'_>,
        path: &str,
        tally: &Tally,
        allowed: bool,
        took: Duration,
    ) {
        let operation = request.operation.label();
        let resource = resource_label(request);
        let about = [
            ("request_operation", operation),
            ("resource", resource),
            ("subresource", request.subresource),
        ];
        for one in &tally.evaluations {
            let own = [
                ("decision", one.decision.label()),
                ("mode", one.mode.name()),
                ("policy_level", one.level),
                ("policy_version", one.version.as_str()),
            ];
            self.add("pod_security_evaluations_total", &[&own[..], &about[..]].concat());
        }
        if tally.exempt {
            self.add("pod_security_exemptions_total", &about);
        }
        for fatal in &tally.errors {
            let own = [("fatal", if *fatal { "true" } else { "false" })];
            self.add("pod_security_errors_total", &[&own[..], &about[..]].concat());
        }
        for (rule, mode) in &tally.violations {
            let pairs = [("mode", mode.name()), ("rule", rule)];
            self.add("plimsoll_admission_violations_total", &pairs);
        }
        for rule in &tally.undecided {
            self.add("plimsoll_admission_undecided_total", &[("rule", rule)]);
        }
        let decision = if allowed { "allow" } else { "deny" };
        let resource =
            if request.subject() == Subject::Other { "other" } else { request.resource.name };
        self.add(
            "plimsoll_admission_requests_total",
            &[
                ("decision", decision),
                ("operation", operation),
                ("path", path),
                ("resource", resource),
            ],
        );
        self.took(took);
    }

    /// Counts a request that was no review.
    pub fn refused(&self, why: &'static str) {
        self.add("plimsoll_admission_refused_requests_total", &[("reason", why)]);
    }

    fn took(&self, took: Duration) {
        let mut durations = self.durations.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = took.as_secs_f64();
        for (class, end) in durations.classes.iter_mut().zip(BUCKETS) {
            if seconds <= end {
                *class = class.saturating_add(1);
            }
        }
        durations.count = durations.count.saturating_add(1);
        durations.sum += seconds;
    }

    /// Everything in Prometheus' text format, with `more` gauges and counters.
    pub fn text(&self, more: &[(&str, &str, &str, u64)]) -> String {
        let mut out = String::new();
        let counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (name, help) in COUNTERS {
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} counter");
            for ((_, labels), count) in counters.iter().filter(|((own, _), _)| *own == name) {
                let _ = writeln!(out, "{name}{{{labels}}} {count}");
            }
        }
        let name = "plimsoll_admission_duration_seconds";
        let _ = writeln!(out, "# HELP {name} How long answers took.\n# TYPE {name} histogram");
        let durations = self.durations.lock().unwrap_or_else(PoisonError::into_inner);
        for (class, end) in durations.classes.iter().zip(BUCKETS) {
            let _ = writeln!(out, "{name}_bucket{{le=\"{end}\"}} {class}");
        }
        let Durations { count, sum, .. } = &*durations;
        let _ = writeln!(
            out,
            "{name}_bucket{{le=\"+Inf\"}} {count}\n{name}_sum {sum}\n{name}_count {count}"
        );
        for (name, kind, help, value) in more {
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_from_outside_neither_break_the_text_nor_fill_the_memory() {
        let metrics = Metrics::default();
        metrics.add("pod_security_exemptions_total", &[("subresource", "a\"\n}")]);
        assert!(
            metrics
                .text(&[])
                .contains("pod_security_exemptions_total{subresource=\"a\\\"\\n}\"} 1")
        );
        for number in 0..50_000 {
            metrics.add("pod_security_exemptions_total", &[("subresource", &number.to_string())]);
        }
        assert!(metrics.text(&[]).lines().count() < MAX_SERIES * 8);
    }
}

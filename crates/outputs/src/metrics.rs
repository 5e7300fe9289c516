//! What is counted, as Prometheus reads it.
//!
//! `falcosecurity_*` are the names and labels of Falco's own (`falco_metrics.cpp` of falcosecurity/falco),
//! so that dashboards made for it show the same here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use plimsoll_runtime::alert::Alert;

/// The most series of alerts; those of further rules are counted as of `other`.
const MAX_SERIES: usize = 10_000;

/// What became of events between the kernel and the rules, since the beginning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Losses {
    /// Events that were begun.
    pub made: u64,
    /// Events with a text or path that was cut.
    pub truncated: u64,
    /// Events that are missing, by reason.
    pub dropped: Vec<(&'static str, u64)>,
    /// Events that are missing, by call.
    pub dropped_calls: Vec<(&'static str, u64)>,
}

/// Reads what became of events at the time that it is asked for.
type Gauge = Box<dyn Fn() -> Losses + Send>;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Series {
    rule: String,
    priority: &'static str,
    severity: usize,
    source: &'static str,
    tags: BTreeSet<String>,
}

/// All counters: counted by who judges, read by who serves them.
pub struct Metrics {
    started: u64,
    rules: AtomicU64,
    events: AtomicU64,
    alerts: Mutex<BTreeMap<Series, u64>>,
    undelivered: Mutex<BTreeMap<&'static str, u64>>,
    no_room: AtomicU64,
    limited: AtomicU64,
    gauge: Mutex<Option<Gauge>>,
}

impl Default for Metrics {
    fn default() -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self {
            started: now.as_secs(),
            rules: AtomicU64::default(),
            events: AtomicU64::default(),
            alerts: Mutex::default(),
            undelivered: Mutex::default(),
            no_room: AtomicU64::default(),
            limited: AtomicU64::default(),
            gauge: Mutex::default(),
        }
    }
}

impl Metrics {
    /// How many rules are judged.
    pub fn judging(&self, rules: usize) {
        self.rules.store(u64::try_from(rules).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Where the numbers about lost events come from.
    pub fn ask_for_losses(&self, gauge: impl Fn() -> Losses + Send + 'static) {
        *self.gauge.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(gauge));
    }

    /// How many events were judged so far.
    pub fn judged(&self, events: u64) {
        self.events.store(events, Ordering::Relaxed);
    }

    /// A rule fired.
    pub fn fired(&self, alert: &Alert) {
        let mut alerts = self.alerts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut series = Series {
            rule: alert.rule.clone(),
            priority: alert.priority.name(),
            severity: alert.priority as usize,
            source: alert.source.name(),
            tags: alert.tags.iter().map(|tag| label_name(tag)).collect(),
        };
        if alerts.len() >= MAX_SERIES && !alerts.contains_key(&series) {
            "other".clone_into(&mut series.rule);
            series.tags.clear();
        }
        let count = alerts.entry(series).or_default();
        *count = count.saturating_add(1);
    }

    /// So many alerts did not arrive.
    pub fn undelivered(&self, output: &'static str, alerts: u64) {
        let mut lost = self.undelivered.lock().unwrap_or_else(PoisonError::into_inner);
        let count = lost.entry(output).or_default();
        *count = count.saturating_add(alerts);
    }

    /// An alert did not arrive because the output's queue was full.
    pub fn no_room(&self, output: &'static str) {
        self.no_room.fetch_add(1, Ordering::Relaxed);
        self.undelivered(output, 1);
    }

    /// An alert was over the rate.
    pub fn limited(&self) {
        self.limited.fetch_add(1, Ordering::Relaxed);
    }

    /// Everything in Prometheus' text format.
    pub fn text(&self) -> String {
        let mut page = Page::default();
        let version = env!("CARGO_PKG_VERSION");
        page.head("plimsoll_build_info", "gauge", "The version that runs.");
        page.value("plimsoll_build_info", &[("version", version)], 1);
        page.one(
            "process_start_time_seconds",
            "gauge",
            "When it was started, in seconds since 1970.",
            self.started,
        );
        let rules = self.rules.load(Ordering::Relaxed);
        page.one("plimsoll_runtime_rules", "gauge", "Rules that are judged.", rules);
        let judged = self.events.load(Ordering::Relaxed);
        page.one("plimsoll_runtime_events_total", "counter", "Events that were judged.", judged);
        self.alerts_text(&mut page);
        let limited = self.limited.load(Ordering::Relaxed);
        page.one(
            "plimsoll_runtime_alerts_limited_total",
            "counter",
            "Alerts that were over the rate and not handed to outputs.",
            limited,
        );
        let undelivered = "plimsoll_runtime_alerts_undelivered_total";
        page.head(undelivered, "counter", "Alerts that did not arrive, by output.");
        for (output, count) in &*self.undelivered.lock().unwrap_or_else(PoisonError::into_inner) {
            page.value(undelivered, &[("output", output)], *count);
        }
        let no_room = self.no_room.load(Ordering::Relaxed);
        page.one("falcosecurity_falco_outputs_queue_num_drops_total", "counter", FALCO, no_room);
        let gauge = self.gauge.lock().unwrap_or_else(PoisonError::into_inner);
        let losses = gauge.as_ref().map(|ask| ask());
        drop(gauge);
        if let Some(losses) = losses {
            losses_text(&losses, &mut page);
        } else {
            page.one("falcosecurity_scap_n_evts_total", "counter", FALCO, judged);
        }
        page.0
    }

    fn alerts_text(&self, page: &mut Page) {
        let alerts = self.alerts.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let own = "plimsoll_runtime_alerts_total";
        page.head(own, "counter", "Rules that fired.");
        for (Series { rule, priority, source, .. }, count) in &alerts {
            page.value(own, &[("priority", priority), ("rule", rule), ("source", source)], *count);
        }
        let falco = "falcosecurity_falco_rules_matches_total";
        page.head(falco, "counter", FALCO);
        for (Series { rule, severity, source, tags, .. }, count) in &alerts {
            let severity = severity.to_string();
            let mut labels =
                vec![("priority", severity.as_str()), ("rule_name", rule), ("source", *source)];
            labels.extend(tags.iter().map(|tag| (tag.as_str(), "true")));
            page.value(falco, &labels, *count);
        }
        page.head("falcosecurity_falco_version_info", "gauge", FALCO);
        let version = env!("CARGO_PKG_VERSION");
        page.value("falcosecurity_falco_version_info", &[("version", version)], 1);
    }
}

/// The help of Falco's own metrics.
const FALCO: &str = "https://falco.org/docs/metrics/";

fn losses_text(losses: &Losses, page: &mut Page) {
    let dropped = losses.dropped.iter().fold(0_u64, |sum, (_, count)| sum.saturating_add(*count));
    let made = "Events that the kernel's part began to tell of.";
    page.one("plimsoll_runtime_events_made_total", "counter", made, losses.made);
    let truncated = "Events with a text or path that was cut.";
    page.one("plimsoll_runtime_events_truncated_total", "counter", truncated, losses.truncated);
    let by_reason = "plimsoll_runtime_events_dropped_total";
    page.head(by_reason, "counter", "Events that are missing, by reason.");
    for (reason, count) in &losses.dropped {
        page.value(by_reason, &[("reason", reason)], *count);
    }
    let by_call = "plimsoll_runtime_calls_dropped_total";
    page.head(by_call, "counter", "Events that are missing, by system call.");
    for (call, count) in &losses.dropped_calls {
        page.value(by_call, &[("call", call)], *count);
    }
    page.one("falcosecurity_scap_n_evts_total", "counter", FALCO, losses.made);
    page.one("falcosecurity_scap_n_drops_total", "counter", FALCO, dropped);
}

/// A tag as the name of a label: `tag_` and what names of labels may have.
fn label_name(tag: &str) -> String {
    let kept = tag.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '_' });
    "tag_".chars().chain(kept).collect()
}

/// A page of metrics that is being written.
#[derive(Default)]
struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn value(&mut self, name: &str, labels: &[(&str, &str)], value: u64) {
        self.0.push_str(name);
        for (at, (label, text)) in labels.iter().enumerate() {
            self.0.push(if at == 0 { '{' } else { ',' });
            let _ = write!(self.0, "{label}=\"");
            for letter in text.chars() {
                match letter {
                    '\\' => self.0.push_str("\\\\"),
                    '"' => self.0.push_str("\\\""),
                    '\n' => self.0.push_str("\\n"),
                    _ => self.0.push(letter),
                }
            }
            self.0.push('"');
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
        let _ = writeln!(self.0, " {value}");
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: u64) {
        self.head(name, kind, help);
        self.value(name, &[], value);
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_runtime::fields::Source;
    use plimsoll_runtime::loader::Priority;

    use super::*;

    fn alert(rule: &str) -> Alert {
        Alert {
            rule: rule.to_owned(),
            source: Source::Syscall,
            priority: Priority::Warning,
            tags: vec!["mitre_credential_access".to_owned(), "PCI/10".to_owned()],
            time: 0,
            host: String::new(),
            output: String::new(),
            message: String::new(),
            fields: BTreeMap::default(),
            explanation: None,
        }
    }

    #[test]
    fn a_rule_that_fired_is_counted_under_falcos_name_too() {
        let metrics = Metrics::default();
        metrics.fired(&alert("Read \"secret\""));
        metrics.fired(&alert("Read \"secret\""));
        let text = metrics.text();
        let own = "plimsoll_runtime_alerts_total{priority=\"Warning\",rule=\"Read \\\"secret\\\"\",source=\"syscall\"} 2\n";
        assert!(text.contains(own), "{text}");
        let falco = "falcosecurity_falco_rules_matches_total{priority=\"4\",rule_name=\"Read \\\"secret\\\"\",\
                     source=\"syscall\",tag_PCI_10=\"true\",tag_mitre_credential_access=\"true\"} 2\n";
        assert!(text.contains(falco), "{text}");
    }

    #[test]
    fn lost_events_are_told_by_reason_and_by_call_as_they_are_when_asked() {
        let metrics = Metrics::default();
        assert!(!metrics.text().contains("dropped"));
        metrics.ask_for_losses(|| Losses {
            made: 100,
            truncated: 1,
            dropped: vec![("ring_full", 7), ("too_large", 2)],
            dropped_calls: vec![("openat", 9)],
        });
        let text = metrics.text();
        for line in [
            "plimsoll_runtime_events_dropped_total{reason=\"ring_full\"} 7\n",
            "plimsoll_runtime_events_dropped_total{reason=\"too_large\"} 2\n",
            "plimsoll_runtime_calls_dropped_total{call=\"openat\"} 9\n",
            "falcosecurity_scap_n_drops_total 9\n",
            "falcosecurity_scap_n_evts_total 100\n",
        ] {
            assert!(text.contains(line), "{line} is not in {text}");
        }
    }

    #[test]
    fn the_number_of_series_has_a_bound() {
        let metrics = Metrics::default();
        for number in 0..MAX_SERIES + 50 {
            metrics.fired(&alert(&number.to_string()));
        }
        let text = metrics.text();
        let series = text.lines().filter(|line| line.starts_with("plimsoll_runtime_alerts_total{"));
        assert_eq!(series.count(), MAX_SERIES + 1);
        let rest = "plimsoll_runtime_alerts_total{priority=\"Warning\",rule=\"other\",source=\"syscall\"} 50\n";
        assert!(text.contains(rest));
    }
}

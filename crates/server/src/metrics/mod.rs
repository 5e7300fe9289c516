//! What the server counts, in the OpenMetrics text format.
//!
//! No digest, path or weakness is a label. What comes from outside goes through [`Capped`], which
//! counts under `other` what is too much.

mod capped;
mod scrape;

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

pub use capped::{Capped, Labels, labels};

use crate::rematch::Outcome;

/// The most series of one metric whose labels come from outside.
pub const MAX_SERIES: usize = 10_000;

type Histograms = Family<Labels, Histogram, fn() -> Histogram>;

/// Every metric.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    findings: Family<Labels, Gauge>,
    images: Gauge,
    components: Gauge,
    opened: Counter,
    resolved: Counter,
    reopened: Counter,
    scans: Family<Labels, Counter>,
    scan_duration: Histograms,
    rematch_duration: Histogram,
    queue_depth: Family<Labels, Gauge>,
    queue_oldest: Gauge,
    feed_age: Family<Labels, Gauge>,
    feed_records: Family<Labels, Gauge>,
    alerts: Capped<Counter>,
    alerts_refused: Family<Labels, Counter>,
    /// Requests, by route and status.
    pub requests: Capped<Counter>,
    /// How long they took.
    pub request_duration: Histograms,
}

fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.005, 4.0, 10))
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All at nothing.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("plimsoll");
        let dropped = Counter::default();
        let metrics = Self {
            findings: Family::default(),
            images: Gauge::default(),
            components: Gauge::default(),
            opened: Counter::default(),
            resolved: Counter::default(),
            reopened: Counter::default(),
            scans: Family::default(),
            scan_duration: Family::new_with_constructor(seconds),
            rematch_duration: seconds(),
            queue_depth: Family::default(),
            queue_oldest: Gauge::default(),
            feed_age: Family::default(),
            feed_records: Family::default(),
            alerts: Capped::new(MAX_SERIES, dropped.clone()),
            alerts_refused: Family::default(),
            requests: Capped::new(MAX_SERIES, dropped.clone()),
            request_duration: Family::new_with_constructor(seconds),
            registry: Registry::default(),
        };
        let build = Family::<Labels, Gauge>::default();
        build.get_or_create(&labels(&[("version", env!("CARGO_PKG_VERSION"))])).set(1);
        let it = &metrics;
        registry.register("build_info", "The program", build);
        registry.register(
            "findings",
            "Open findings on components, each once however many images have it",
            it.findings.clone(),
        );
        registry.register("images", "Images that are known", it.images.clone());
        registry.register("components", "Components that are known", it.components.clone());
        registry.register(
            "findings_opened",
            "Findings that a change of the advisories opened",
            it.opened.clone(),
        );
        registry.register("findings_resolved", "Findings that it resolved", it.resolved.clone());
        registry.register("findings_reopened", "Findings that it reopened", it.reopened.clone());
        registry.register("scans", "Images and documents that were read", it.scans.clone());
        registry.register_with_unit(
            "scan_duration",
            "How long reading one took",
            Unit::Seconds,
            it.scan_duration.clone(),
        );
        registry.register_with_unit(
            "rematch_duration",
            "How long bringing all findings to new advisories took",
            Unit::Seconds,
            it.rematch_duration.clone(),
        );
        registry.register("queue_depth", "Jobs that wait or run", it.queue_depth.clone());
        registry.register_with_unit(
            "queue_oldest",
            "How long the oldest job has been waiting",
            Unit::Seconds,
            it.queue_oldest.clone(),
        );
        registry.register_with_unit(
            "db_feed_age",
            "How old the newest record of a feed is",
            Unit::Seconds,
            it.feed_age.clone(),
        );
        registry.register("db_records", "Records of a feed", it.feed_records.clone());
        registry.register("runtime_alerts", "Runtime alerts that were stored", it.alerts.family());
        registry.register(
            "runtime_events_dropped",
            "Runtime alerts that were not accepted",
            it.alerts_refused.clone(),
        );
        registry.register("http_requests", "Requests that were answered", it.requests.family());
        registry.register_with_unit(
            "http_request_duration",
            "How long answers took",
            Unit::Seconds,
            it.request_duration.clone(),
        );
        registry.register(
            "metrics_swallowed",
            "What was counted under `other` because there were too many series",
            dropped,
        );
        Self { registry, ..metrics }
    }

    /// Counts a job that ended.
    pub fn job(&self, kind: &str, went_well: bool, took: Duration) {
        if matches!(kind, crate::jobs::SCAN | crate::jobs::SBOM) {
            let result = if went_well { "ok" } else { "failed" };
            self.scans.get_or_create(&labels(&[("kind", kind), ("result", result)])).inc();
            self.scan_duration
                .get_or_create(&labels(&[("kind", kind)]))
                .observe(took.as_secs_f64());
        }
    }

    /// Counts what a change of the advisories came to.
    pub fn rematched(&self, outcome: &Outcome, took: Duration) {
        self.opened.inc_by(outcome.opened as u64);
        self.resolved.inc_by(outcome.resolved as u64);
        self.reopened.inc_by(outcome.reopened as u64);
        self.rematch_duration.observe(took.as_secs_f64());
    }

    /// Counts runtime alerts that were stored.
    pub fn alerts(&self, priority: &str, rule: &str, source: &str, count: u64) {
        let of = labels(&[("priority", priority), ("rule", rule), ("source", source)]);
        self.alerts.get_or_other(&of).inc_by(count);
    }

    /// Counts runtime alerts that were not accepted.
    pub fn alerts_refused(&self, reason: &str, count: u64) {
        self.alerts_refused.get_or_create(&labels(&[("reason", reason)])).inc_by(count);
    }

    /// Counts a request that was answered.
    pub fn answered(&self, method: &str, route: &str, status: u16, took: Duration) {
        let status = status.to_string();
        let of = labels(&[("method", method), ("route", route), ("status", &status)]);
        self.requests.get_or_other(&of).inc();
        self.request_duration
            .get_or_create(&labels(&[("method", method)]))
            .observe(took.as_secs_f64());
    }
}

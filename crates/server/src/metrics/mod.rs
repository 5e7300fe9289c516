//! What the server counts, in the OpenMetrics text format.
//!
//! No digest, path or weakness is a label. What comes from outside goes through [`Capped`], which
//! counts under `other` what is too much; how much that is, [`Limits`] says.

mod capped;
mod estate;
mod histogram;
mod limits;
mod measure;
mod scrape;
mod trivy_operator;

use std::time::{Duration, SystemTime};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::exemplar::HistogramWithExemplars;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

pub use capped::{Capped, Labels, labels};
pub use estate::Estate;
pub use limits::{FEWEST, Limits, SERIES};
pub use scrape::Format;

use crate::rematch::Outcome;

/// Methods that are told by their names.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

type Histograms = Family<Labels, Histogram, fn() -> Histogram>;

/// Every metric.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    limits: Limits,
    /// Findings, images and what runs, as they were looked up last.
    pub estate: Estate,
    memory: tokio::sync::Mutex<measure::Memory>,
    findings: Family<Labels, Gauge>,
    components: Gauge,
    scans: Family<Labels, Counter>,
    scan_duration:
        Family<Labels, HistogramWithExemplars<Labels>, fn() -> HistogramWithExemplars<Labels>>,
    rematch_duration: Histogram,
    rematched: Counter,
    queue_depth: Family<Labels, Gauge>,
    queue_oldest: Gauge,
    degraded: Family<Labels, Gauge>,
    feed_age: Family<Labels, Gauge>,
    feed_records: Family<Labels, Gauge>,
    /// Requests, by route and status.
    pub requests: Capped<Counter>,
    /// How long they took.
    pub request_duration: Histograms,
}

fn traced_seconds() -> HistogramWithExemplars<Labels> {
    HistogramWithExemplars::new(exponential_buckets(0.005, 4.0, 10))
}

fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.005, 4.0, 10))
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl Metrics {
    /// All at nothing.
    pub fn new(limits: Limits) -> Self {
        let mut registry = Registry::with_prefix("plimsoll");
        let dropped = Counter::default();
        let metrics = Self {
            estate: Estate::new(&mut registry, limits, &dropped),
            memory: tokio::sync::Mutex::default(),
            findings: Family::default(),
            components: Gauge::default(),
            scans: Family::default(),
            scan_duration: Family::new_with_constructor(traced_seconds),
            rematch_duration: seconds(),
            rematched: Counter::default(),
            queue_depth: Family::default(),
            queue_oldest: Gauge::default(),
            degraded: Family::default(),
            feed_age: Family::default(),
            feed_records: Family::default(),
            requests: Capped::new(limits.requests, dropped.clone()),
            request_duration: Family::new_with_constructor(seconds),
            registry: Registry::default(),
            limits,
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
        registry.register("components", "Components that are known", it.components.clone());
        registry.register(
            "rematch_changes",
            "Findings that changes of the advisories opened, changed, resolved or reopened",
            it.rematched.clone(),
        );
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
        registry.register(
            "degraded",
            "Whether something is wrong with a part of what the server stands on",
            it.degraded.clone(),
        );
        registry.register_with_unit(
            "db_feed_age",
            "How old the newest record of a feed is",
            Unit::Seconds,
            it.feed_age.clone(),
        );
        registry.register("db_records", "Records of a feed", it.feed_records.clone());
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

    /// Counts a job that ended; its number is the exemplar of how long it took.
    pub fn job(&self, id: i64, kind: &str, went_well: bool, took: Duration) {
        if matches!(kind, crate::jobs::SCAN | crate::jobs::SBOM) {
            let result = if went_well { "ok" } else { "failed" };
            self.scans.get_or_create(&labels(&[("kind", kind), ("result", result)])).inc();
            self.scan_duration.get_or_create(&labels(&[("kind", kind)])).observe(
                took.as_secs_f64(),
                Some(labels(&[("scan", &id.to_string())])),
                Some(SystemTime::now()),
            );
        }
    }

    /// Notes whether something is wrong with a part.
    pub fn degraded(&self, part: &str, is_so: bool) {
        self.degraded.get_or_create(&labels(&[("part", part)])).set(i64::from(is_so));
    }

    /// Counts what a change of the advisories came to.
    pub fn rematched(&self, outcome: &Outcome, took: Duration) {
        let events = outcome.opened + outcome.resolved + outcome.reopened + outcome.changed;
        self.rematched.inc_by(events as u64);
        self.rematch_duration.observe(took.as_secs_f64());
    }

    /// Counts a request that was answered.
    pub fn answered(&self, method: &str, route: &str, status: u16, took: Duration) {
        // A client may call a method whatever it likes.
        let method = if METHODS.contains(&method) { method } else { "other" };
        let status = status.to_string();
        let of = labels(&[("method", method), ("route", route), ("status", &status)]);
        self.requests.get_or_other(&of).inc();
        self.request_duration
            .get_or_create(&labels(&[("method", method)]))
            .observe(took.as_secs_f64());
    }
}

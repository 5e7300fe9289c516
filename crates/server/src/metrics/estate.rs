//! Metrics of the whole estate, which are looked up every now and then.

use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::histogram::Snapshot;
use super::{Capped, Labels, Limits, labels};

/// A gauge of a share.
pub(super) type Ratio = Gauge<f64, AtomicU64>;

/// Findings, images and what runs.
#[derive(Debug)]
pub struct Estate {
    pub(super) finding_age: Family<Labels, Snapshot>,
    pub(super) opened: Counter,
    pub(super) resolved: Counter,
    pub(super) reopened: Counter,
    pub(super) breaches: Family<Labels, Gauge>,
    pub(super) compliance_score: Family<Labels, Ratio>,
    pub(super) compliance_checks: Family<Labels, Gauge>,
    pub(super) image_score: Family<Labels, Snapshot>,
    pub(super) images: Gauge,
    pub(super) images_scanned: Gauge,
    pub(super) images_signed: Gauge,
    pub(super) images_with_sbom: Gauge,
    pub(super) images_with_provenance: Gauge,
    pub(super) images_eol_base: Gauge,
    pub(super) coverage: Family<Labels, Ratio>,
    pub(super) image_age: Snapshot,
    pub(super) base_image_age: Snapshot,
    pub(super) containers: Family<Labels, Gauge>,
    pub(super) registry_failures: Gauge,
    pub(super) notices: Family<Labels, Counter>,
    alerts: Capped<Counter>,
    events: Counter,
    events_dropped: Capped<Counter>,
    admission: Capped<Counter>,
    pub(super) limits: Limits,
    pub(super) swallowed: Counter,
    /// Held while series are counted anew, so that nobody is told half of them.
    pub(super) gate: tokio::sync::Mutex<()>,
}

impl Estate {
    /// Registers all of them; `swallowed` counts what went under `other`.
    pub(super) fn new(registry: &mut Registry, limits: Limits, swallowed: &Counter) -> Self {
        let it = Self {
            finding_age: Family::default(),
            opened: Counter::default(),
            resolved: Counter::default(),
            reopened: Counter::default(),
            breaches: Family::default(),
            compliance_score: Family::default(),
            compliance_checks: Family::default(),
            image_score: Family::default(),
            images: Gauge::default(),
            images_scanned: Gauge::default(),
            images_signed: Gauge::default(),
            images_with_sbom: Gauge::default(),
            images_with_provenance: Gauge::default(),
            images_eol_base: Gauge::default(),
            coverage: Family::default(),
            image_age: Snapshot::default(),
            base_image_age: Snapshot::default(),
            containers: Family::default(),
            registry_failures: Gauge::default(),
            notices: Family::default(),
            alerts: Capped::new(limits.alerts, swallowed.clone()),
            events: Counter::default(),
            events_dropped: Capped::new(limits.dropped, swallowed.clone()),
            admission: Capped::new(limits.admission, swallowed.clone()),
            limits,
            swallowed: swallowed.clone(),
            gate: tokio::sync::Mutex::default(),
        };
        it.register(registry);
        it
    }

    fn register(&self, registry: &mut Registry) {
        self.register_findings(registry);
        self.register_images(registry);
        registry.register(
            "runtime_alerts",
            "Runtime alerts that were stored",
            self.alerts.family(),
        );
        registry.register("runtime_events", "Events that sensors saw", self.events.clone());
        registry.register(
            "runtime_events_dropped",
            "Events that sensors lost, and alerts that were not accepted",
            self.events_dropped.family(),
        );
        registry.register(
            "admission_decisions",
            "What was decided about workloads",
            self.admission.family(),
        );
        registry.register(
            "registry_failures",
            "Watched registries that could not be looked at the last time",
            self.registry_failures.clone(),
        );
        registry.register("notices", "Messages to notifiers", self.notices.clone());
    }

    fn register_findings(&self, registry: &mut Registry) {
        registry.register_with_unit(
            "finding_age",
            "How long findings have been open",
            Unit::Seconds,
            self.finding_age.clone(),
        );
        registry.register("findings_opened", "Findings that were opened", self.opened.clone());
        registry.register(
            "findings_resolved",
            "Findings that were resolved",
            self.resolved.clone(),
        );
        registry.register("findings_reopened", "Findings that came back", self.reopened.clone());
        registry.register(
            "sla_breaches",
            "Findings that are open for longer than agreed",
            self.breaches.clone(),
        );
        registry.register_with_unit(
            "compliance_score",
            "Share of images that pass, of those of which it can be said",
            Unit::Other("ratio".into()),
            self.compliance_score.clone(),
        );
        registry.register(
            "compliance_checks",
            "Images by policy and whether they pass",
            self.compliance_checks.clone(),
        );
    }

    fn register_images(&self, registry: &mut Registry) {
        let gauges: [(&str, &str, &Gauge); 6] = [
            ("images", "Images that are tagged, run or were read", &self.images),
            ("images_scanned", "Images that were read", &self.images_scanned),
            ("images_signed", "Images that a signature hangs on", &self.images_signed),
            (
                "images_with_sbom",
                "Images that a bill of materials hangs on",
                &self.images_with_sbom,
            ),
            (
                "images_with_provenance",
                "Images that an attestation hangs on",
                &self.images_with_provenance,
            ),
            (
                "images_eol_base",
                "Images whose distribution gets no fixes any more",
                &self.images_eol_base,
            ),
        ];
        for (name, help, gauge) in gauges {
            registry.register(name, help, gauge.clone());
        }
        registry.register(
            "image_score",
            "Security scores of images, of 100",
            self.image_score.clone(),
        );
        registry.register_with_unit(
            "scan_coverage",
            "Share of the images of a registry, a cluster or a host that were read",
            Unit::Other("ratio".into()),
            self.coverage.clone(),
        );
        registry.register_with_unit(
            "image_age",
            "How old images are",
            Unit::Seconds,
            self.image_age.clone(),
        );
        registry.register_with_unit(
            "base_image_age",
            "How long ago the distributions of images got their last fixes",
            Unit::Seconds,
            self.base_image_age.clone(),
        );
        registry.register(
            "containers_running",
            "Containers that run, by place",
            self.containers.clone(),
        );
    }

    /// Counts alerts that sensors sent, once they are stored.
    pub fn alerted(&self, priority: &str, rule: &str, source: &str, count: u64) {
        let of = labels(&[("priority", priority), ("rule", rule), ("source", source)]);
        self.alerts.get_or_other(&of).inc_by(count);
    }

    /// Counts events that sensors saw, and what was lost on the way here, by reason.
    pub fn saw(&self, events: u64, lost: &[(&str, u64)]) {
        self.events.inc_by(events);
        for (reason, count) in lost {
            self.events_dropped.get_or_other(&labels(&[("reason", reason)])).inc_by(*count);
        }
    }

    /// Counts decisions about workloads.
    pub fn decided(&self, decision: &str, reason: &str, count: u64) {
        let of = labels(&[("decision", decision), ("reason", reason)]);
        self.admission.get_or_other(&of).inc_by(count);
    }

    /// Counts a message to a notifier.
    pub fn notified(&self, kind: &str, went_well: bool) {
        let result = if went_well { "ok" } else { "failed" };
        self.notices.get_or_create(&labels(&[("kind", kind), ("result", result)])).inc();
    }
}

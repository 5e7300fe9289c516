//! What the operator counts of its own work.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

/// Figures.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) passes: AtomicU64,
    pub(super) written: AtomicU64,
    pub(super) removed: AtomicU64,
    pub(super) scanned: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) objects: AtomicU64,
    pub(super) failed_images: AtomicU64,
    pub(super) missing: AtomicU64,
    pub(super) milliseconds: AtomicU64,
}

pub(super) fn add(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}

pub(super) fn set(count: &AtomicU64, value: usize) {
    count.store(u64::try_from(value).unwrap_or(u64::MAX), Ordering::Relaxed);
}

impl Tally {
    /// In Prometheus' text format.
    pub(super) fn text(&self, is_leading: bool) -> String {
        let mut out = String::new();
        let counters = [
            ("passes_total", "How often everything was judged.", &self.passes),
            ("reports_written_total", "Reports that were written.", &self.written),
            ("reports_removed_total", "Reports that were taken away.", &self.removed),
            ("images_scanned_total", "Images that were judged.", &self.scanned),
            ("writes_refused_total", "Writes that the API server refused.", &self.refused),
        ];
        let gauges = [
            ("objects", "Objects that are looked at.", &self.objects),
            ("failed_images", "Images that cannot be read.", &self.failed_images),
            ("missing_kinds", "Kinds that cannot be listed.", &self.missing),
            ("last_pass_milliseconds", "How long judging took last.", &self.milliseconds),
        ];
        let counters = counters.map(|(name, help, value)| (name, help, value, "counter"));
        let gauges = gauges.map(|(name, help, value)| (name, help, value, "gauge"));
        for (name, help, value, kind) in counters.into_iter().chain(gauges) {
            let value = value.load(Ordering::Relaxed);
            let _ = writeln!(
                out,
                "# HELP plimsoll_operator_{name} {help}\n# TYPE plimsoll_operator_{name} {kind}\n\
                 plimsoll_operator_{name} {value}"
            );
        }
        let name = "plimsoll_operator_leader";
        let leads = u8::from(is_leading);
        let _ = writeln!(
            out,
            "# HELP {name} Whether this is the one that works.\n# TYPE {name} gauge\n{name} {leads}"
        );
        out
    }
}

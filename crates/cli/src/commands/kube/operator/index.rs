//! The reports that are there: by their metadata alone, and kept up to date, so that a report that
//! somebody deletes is made anew.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plimsoll_report::resources::{Place, Report, ReportKind};
use serde_json::Value;

use super::signal::Signal;
use crate::cluster::{Failure, Followed, Seen};

/// The reports of a kind.
pub(super) struct Reports {
    pub(super) kind: &'static ReportKind,
    signal: Arc<Signal>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// By place, with the number of the list in which each was last seen.
    known: BTreeMap<Place, (Report, u64)>,
    round: u64,
    is_there: bool,
    problem: Option<String>,
}

impl Reports {
    pub(super) fn new(kind: &'static ReportKind, signal: &Arc<Signal>) -> Self {
        Self { kind, signal: Arc::clone(signal), inner: Mutex::default() }
    }

    /// What is asked of the API server.
    pub(super) fn followed(&self, only: Option<&str>) -> Followed {
        let selector = "labelSelector=app.kubernetes.io%2Fmanaged-by%3Dplimsoll";
        Followed { path: format!("{}?{selector}&", self.kind.path(only)), is_metadata: true }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why they are not known.
    pub(super) fn problem(&self) -> Option<String> {
        let inner = self.inner();
        match &inner.problem {
            Some(why) => Some(format!("{}: {why}", self.kind.plural)),
            None => (!inner.is_there).then(|| format!("{}: not listed yet", self.kind.plural)),
        }
    }

    /// The report at a place.
    pub(super) fn at(&self, place: &Place) -> Option<Report> {
        self.inner().known.get(place).map(|(report, _)| report.clone())
    }

    /// All places.
    pub(super) fn places(&self) -> Vec<Place> {
        self.inner().known.keys().cloned().collect()
    }

    /// All reports by name.
    pub(super) fn all(&self) -> Vec<(Place, Report)> {
        let inner = self.inner();
        inner.known.iter().map(|(place, (report, _))| (place.clone(), report.clone())).collect()
    }

    /// Takes note of what was just written.
    pub(super) fn wrote(&self, place: Place, mut report: Report) {
        report.body = Value::Null;
        let mut inner = self.inner();
        let round = inner.round;
        inner.known.insert(place, (report, round));
    }

    /// Takes note of what was just taken away.
    pub(super) fn removed(&self, place: &Place) {
        self.inner().known.remove(place);
    }
}

fn place(kind: &'static ReportKind, object: &Value) -> Place {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    Place {
        kind: kind.kind,
        namespace: text("/metadata/namespace"),
        name: text("/metadata/name").unwrap_or_default(),
    }
}

impl Seen for Reports {
    fn begin(&self) {
        let mut inner = self.inner();
        inner.round = inner.round.saturating_add(1);
    }

    fn object(&self, object: Value) {
        let Some(report) = object.get("metadata").and_then(Report::of_metadata) else { return };
        let mut inner = self.inner();
        let round = inner.round;
        inner.known.insert(place(self.kind, &object), (report, round));
    }

    fn end(&self) {
        let mut inner = self.inner();
        let round = inner.round;
        inner.known.retain(|_, (_, seen)| *seen == round);
        inner.is_there = true;
        inner.problem = None;
        drop(inner);
        self.signal.raise();
    }

    fn gone(&self, object: &Value) {
        if self.inner().known.remove(&place(self.kind, object)).is_some() {
            self.signal.raise();
        }
    }

    fn failed(&self, why: &Failure) {
        self.inner().problem = Some(why.to_string());
    }
}

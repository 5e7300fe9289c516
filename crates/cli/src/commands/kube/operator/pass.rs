//! A pass: everything judged by what is known now, what changed of it written, what has no object any
//! more taken away.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::Context as _;
use plimsoll_kube::Config;
use plimsoll_kube::assessment::{Assessment, Identity, Row};
use plimsoll_kube::compliance::Standard;
use plimsoll_model::Scan;
use plimsoll_report::resources::{
    Artifact, Check, MANAGER, Place, Report, ReportKind, Series, checks, counts, metrics, sbom,
    vulnerabilities,
};
use plimsoll_supply::formats::Format;
use rayon::prelude::*;
use serde_json::Value;

use super::images::Images;
use super::index::Reports;
use super::signal::Signal;
use super::store::{MAKERS, Store};
use super::tally::{Tally, add, set};
use crate::clock;
use crate::cluster::{Client, Failure, Lease};
use crate::exit::{chain, tell};

/// All that a pass needs.
pub(super) struct Work {
    pub(super) client: Client,
    pub(super) store: Store,
    pub(super) reports: Vec<Arc<Reports>>,
    /// `None` where no report is about images.
    pub(super) images: Option<Images>,
    pub(super) lease: Option<Lease>,
    pub(super) signal: Arc<Signal>,
    pub(super) stop: AtomicBool,
    pub(super) config: Config,
    pub(super) max_series: usize,
    pub(super) tally: Tally,
}

/// How a pass ended.
#[derive(Debug, Default)]
pub(super) struct Passed {
    pub(super) written: usize,
    pub(super) same: usize,
    pub(super) removed: usize,
    /// What could not be read or written.
    pub(super) problems: Vec<String>,
    /// Whether a write failed that may work later.
    pub(super) is_refused: bool,
}

/// What is gathered while reports are written.
#[derive(Default)]
pub(super) struct Written {
    passed: Passed,
    /// Where reports are wanted, written or not.
    wanted: BTreeSet<Place>,
}

/// The images of containers: by number, which workloads have them as which container.
type Uses<'a> = BTreeMap<usize, Vec<(&'a Identity, &'a str)>>;

impl Work {
    /// Whether we may write.
    pub(super) fn is_leading(&self) -> bool {
        !self.stop.load(Ordering::Relaxed) && self.lease.as_ref().is_none_or(Lease::is_held)
    }

    /// Whether what has to be known is known; who only waits is ready as well.
    pub(super) fn is_ready(&self) -> bool {
        !self.is_leading() || self.store.is_ready()
    }

    /// All figures.
    pub(super) fn metrics(&self) -> String {
        let all: Vec<(&str, Place, Report)> = self
            .reports
            .iter()
            .flat_map(|reports| {
                let kind = reports.kind.kind;
                reports.all().into_iter().map(move |(place, report)| (kind, place, report))
            })
            .collect();
        let series: Vec<Series<'_>> = all
            .iter()
            .map(|(kind, place, report)| Series { kind, name: &place.name, report })
            .collect();
        let standards: Vec<(String, String, [usize; 2])> = all
            .iter()
            .filter(|(kind, ..)| *kind == "ClusterComplianceReport")
            .map(|(.., report)| {
                let [failed, passed, ..] = report.counts.0;
                let standard = Standard::named(&report.about.name);
                let title = standard.map_or(report.about.name.as_str(), |one| one.title);
                (title.to_owned(), title.to_owned(), [failed, passed])
            })
            .collect();
        let mut out = metrics(&series, &standards, self.max_series);
        out.push_str(&self.tally.text(self.is_leading()));
        out
    }

    pub(super) fn reports_of(&self, kind: &str) -> Option<&Arc<Reports>> {
        self.reports.iter().find(|reports| reports.kind.kind == kind)
    }

    /// Judges everything.
    pub(super) fn pass(&self) -> Passed {
        let began = Instant::now();
        let written = Mutex::new(Written::default());
        let mut missing = self.store.missing();
        missing.extend(self.reports.iter().filter_map(|reports| reports.problem()));
        let found = self.store.assess(self.config.clone());
        let now = clock::now().to_string();
        self.objects(&found, &now, &written);
        self.control_plane(&now, &written);
        let mut problems: Vec<String> = self.standards(&now, &written).err().into_iter().collect();
        if let Some(images) = &self.images {
            images.keep(&found.images);
            if let Err(error) = self.containers(images, &found, &now, &written) {
                problems.push(chain(&error));
            }
        }
        // Of what was not seen nobody knows that it is gone.
        if missing.is_empty() {
            self.remove(&written);
        }
        let Written { mut passed, .. } =
            written.into_inner().unwrap_or_else(PoisonError::into_inner);
        set(&self.tally.missing, missing.len());
        passed.problems.extend(missing);
        passed.problems.extend(problems);
        if let Some(images) = &self.images {
            let failures = images.failures();
            set(&self.tally.failed_images, failures.len());
            passed.problems.extend(failures);
        }
        add(&self.tally.passes);
        set(&self.tally.objects, self.store.size().0);
        let took = usize::try_from(began.elapsed().as_millis()).unwrap_or(usize::MAX);
        set(&self.tally.milliseconds, took);
        passed
    }

    /// The reports on workloads, roles and the like.
    fn objects(&self, found: &Assessment, now: &str, written: &Mutex<Written>) {
        for row in found.workloads.iter().filter(|row| self.is_there(row)) {
            let about = owner(row);
            self.checks("ConfigAuditReport", about, &Check::of(&row.findings), now, written);
        }
        for other in &found.others {
            let kind = match other.kind.as_str() {
                "Role" | "RoleBinding" => "RbacAssessmentReport",
                "ClusterRole" | "ClusterRoleBinding" => "ClusterRbacAssessmentReport",
                _ => "ConfigAuditReport",
            };
            self.checks(kind, &other.identity, &Check::of(&other.findings), now, written);
        }
    }

    pub(super) fn checks(
        &self,
        kind: &str,
        about: &Identity,
        all: &[Check],
        now: &str,
        written: &Mutex<Written>,
    ) {
        let Some(reports) = self.reports_of(kind) else { return };
        let (body, counts) = checks(all, now);
        let report = Report { about: about.clone(), counts, body, ..Report::default() };
        self.write(reports, report, written);
    }

    /// Whether what a row is about is there: a pod may outlive what made it for a moment.
    fn is_there(&self, row: &Row) -> bool {
        !MAKERS.contains(&row.kind.as_str()) || self.store.has(&row.kind, &row.namespace, &row.name)
    }

    /// The reports on images, one for each container of a workload.
    fn containers(
        &self,
        images: &Images,
        found: &Assessment,
        now: &str,
        written: &Mutex<Written>,
    ) -> anyhow::Result<()> {
        let mut uses: Uses<'_> = BTreeMap::new();
        for row in found.workloads.iter().filter(|row| self.is_there(row)) {
            for (container, image) in &row.containers {
                uses.entry(*image).or_default().push((owner(row), container));
            }
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(images.jobs).build();
        let pool = pool.context("there are no threads to read images")?;
        pool.install(|| {
            uses.par_iter().for_each(|(number, users)| {
                if let Some(image) = found.images.get(*number) {
                    self.image(images, image, users, now, written);
                }
            });
        });
        Ok(())
    }

    fn image(
        &self,
        images: &Images,
        image: &plimsoll_kube::assessment::Image,
        users: &[(&Identity, &str)],
        now: &str,
        written: &Mutex<Written>,
    ) {
        let name = image.names.first().map(String::as_str).unwrap_or_default();
        let artifact = Artifact::new(name, image.digest.as_deref());
        let mut open: Vec<(&Arc<Reports>, Report)> = Vec::new();
        for kind in ["VulnerabilityReport", "SbomReport"] {
            let Some(reports) = self.reports_of(kind) else { continue };
            let judged = images.judged_by(image, kind == "VulnerabilityReport");
            for (about, container) in users {
                let report = Report {
                    about: (*about).clone(),
                    container: Some((*container).to_owned()),
                    artifact: artifact.parts(),
                    judged: judged.clone(),
                    ..Report::default()
                };
                let place = report.place(reports.kind);
                let mut all = written.lock().unwrap_or_else(PoisonError::into_inner);
                // What cannot be read now keeps what was said of it before.
                all.wanted.insert(place.clone());
                let known = reports.at(&place);
                let is_same = known.is_some_and(|known| {
                    known.judged == report.judged
                        && known.about == report.about
                        && known.artifact == report.artifact
                });
                if is_same {
                    all.passed.same = all.passed.same.saturating_add(1);
                } else {
                    open.push((reports, report));
                }
            }
        }
        if open.is_empty() || images.is_left(image) || !self.is_leading() {
            return;
        }
        let Some(scan) = images.scan(image) else { return };
        add(&self.tally.scanned);
        let mut bodies: BTreeMap<&str, Option<Value>> = BTreeMap::new();
        for (reports, mut report) in open {
            let kind = reports.kind.kind;
            let body = bodies.entry(kind).or_insert_with(|| body(kind, &scan, &artifact, now));
            let Some(body) = body else { continue };
            report.body = body.clone();
            if kind == "VulnerabilityReport" {
                report.counts = counts(&scan);
            }
            self.write(reports, report, written);
        }
    }

    /// Writes a report, where it is another than the one that is there.
    pub(super) fn write(&self, reports: &Reports, mut report: Report, written: &Mutex<Written>) {
        report.seal();
        let kind = reports.kind;
        let place = report.place(kind);
        let known = reports.at(&place);
        let is_same = known.is_some_and(|known| known.content == report.content);
        {
            let mut all = written.lock().unwrap_or_else(PoisonError::into_inner);
            all.wanted.insert(place.clone());
            if is_same {
                all.passed.same = all.passed.same.saturating_add(1);
                return;
            }
        }
        if !self.is_leading() {
            return;
        }
        let sent = self.send(kind, &place, &report);
        let mut all = written.lock().unwrap_or_else(PoisonError::into_inner);
        match sent {
            Ok(()) => {
                all.passed.written = all.passed.written.saturating_add(1);
                add(&self.tally.written);
                reports.wrote(place, report);
            }
            Err(error) => {
                let namespace = place.namespace.as_deref().unwrap_or("-");
                let why = format!("{} {namespace}/{}: {error}", kind.plural, place.name);
                all.passed.problems.push(why);
                all.passed.is_refused = true;
                add(&self.tally.refused);
            }
        }
    }

    fn send(&self, kind: &ReportKind, place: &Place, report: &Report) -> Result<(), Failure> {
        let path = format!("{}/{}", kind.path(place.namespace.as_deref()), place.name);
        let mut object = report.object(kind);
        if !kind.has_status {
            return self.client.apply(&path, MANAGER, &object);
        }
        let status = object.as_object_mut().and_then(|object| object.remove("status"));
        self.client.apply(&path, MANAGER, &object)?;
        // The labels and all else are left out: who applies a status does not own them.
        let status = serde_json::json!({ "apiVersion": object.get("apiVersion"),
            "kind": object.get("kind"), "metadata": { "name": place.name }, "status": status });
        self.client.apply(&format!("{path}/status"), MANAGER, &status)
    }

    /// Takes away reports of what is no longer there.
    fn remove(&self, written: &Mutex<Written>) {
        for reports in &self.reports {
            for place in reports.places() {
                let mut all = written.lock().unwrap_or_else(PoisonError::into_inner);
                if all.wanted.contains(&place) || !self.is_leading() {
                    continue;
                }
                let path = reports.kind.path(place.namespace.as_deref());
                match self.client.delete(&format!("{path}/{}", place.name)) {
                    Ok(()) => {
                        reports.removed(&place);
                        all.passed.removed = all.passed.removed.saturating_add(1);
                        add(&self.tally.removed);
                    }
                    Err(error) => {
                        let why = format!("{}/{}: {error}", reports.kind.plural, place.name);
                        all.passed.problems.push(why);
                        all.passed.is_refused = true;
                        add(&self.tally.refused);
                    }
                }
            }
        }
    }
}

/// What reports about a workload belong to: of a deployment the replica set of its present revision, as
/// with trivy-operator.
fn owner(row: &Row) -> &Identity {
    row.current.as_ref().unwrap_or(&row.identity)
}

/// The body of a report on an image.
fn body(kind: &str, scan: &Scan, artifact: &Artifact, now: &str) -> Option<Value> {
    if kind == "VulnerabilityReport" {
        let (body, left) = vulnerabilities(scan, artifact, now);
        if left > 0 {
            tell(&format!(
                "{}: {left} vulnerabilities are left out of its reports, which would be too large \
                 for the API server; the figures count them",
                artifact.repository
            ));
        }
        return Some(body);
    }
    let mut bytes = Vec::new();
    let format = Format::named("cyclonedx-json")?;
    (format.write)(&scan.inventory, &mut bytes).ok()?;
    let document: Value = serde_json::from_slice(&bytes).ok()?;
    let (body, is_large) = sbom(&document, artifact, now);
    if is_large {
        tell(&format!(
            "{}: its packages are too many for a report, and only counted there",
            artifact.repository
        ));
    }
    Some(body)
}

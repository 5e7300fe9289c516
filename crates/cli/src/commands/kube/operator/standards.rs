//! The control plane by the CIS benchmark, as far as its static pods show it, and the cluster by
//! standards.

use std::collections::BTreeSet;
use std::sync::Mutex;

use plimsoll_kube::assessment::{Identity, fingerprint};
use plimsoll_kube::cis::{Program, assess_program};
use plimsoll_kube::compliance::{Standard, State, report};
use plimsoll_kube::manifest::Manifest;
use plimsoll_kube::{Estate, objects};
use plimsoll_report::cis::cis_checks;
use plimsoll_report::resources::{Controls, Counts, Report, compliance};

use super::pass::{Work, Written};
use crate::cluster::Stage;

/// How many bytes of objects are judged by standards, which needs all of them at the same time.
const MAX_BYTES: usize = 16 << 20;

impl Work {
    /// A report on each program of the control plane that runs as a static pod.
    pub(super) fn control_plane(&self, now: &str, written: &Mutex<Written>) {
        if self.reports_of("InfraAssessmentReport").is_none() {
            return;
        }
        for manifest in self.store.mirrored() {
            for pod in objects(&manifest).0 {
                let place = format!("{} {}", pod.called(), pod.namespace.unwrap_or_default());
                let spec = pod.node.get("spec");
                let Some(program) = spec.and_then(|spec| Program::of_pod(spec, &place)) else {
                    continue;
                };
                let uid = pod.node.get("metadata").and_then(|it| it.text("uid"));
                let text = manifest.source.text();
                let about = Identity {
                    api_version: "v1".into(),
                    kind: "Pod".into(),
                    namespace: pod.namespace.map(str::to_owned),
                    name: pod.name.to_owned(),
                    uid: uid.map(|uid| uid.value.to_owned()),
                    hash: format!("{:016x}", fingerprint(text.as_bytes())),
                };
                let checks = cis_checks(&assess_program(&program));
                self.checks("InfraAssessmentReport", &about, &checks, now, written);
            }
        }
    }

    /// A report on each standard; an error says why there is none.
    pub(super) fn standards(&self, now: &str, written: &Mutex<Written>) -> Result<(), String> {
        let Some(reports) = self.reports_of("ClusterComplianceReport") else { return Ok(()) };
        let all = self.written_by_people()?;
        let estate = Estate::of(all.iter().map(|(_, manifest)| manifest));
        for standard in Standard::ALL {
            let files = all.iter().map(|(name, manifest)| (name.as_str(), manifest));
            let found = report(standard, files, &estate);
            let controls = found.controls.iter().map(|(_, state)| match state {
                State::Pass => Some(0),
                State::Fail(all) => {
                    let objects: BTreeSet<&str> = all.iter().map(|it| it.file.as_str()).collect();
                    Some(objects.len())
                }
                State::NotJudged(_) => None,
            });
            let body = compliance(standard, &Controls(controls.collect()), now);
            let about = Identity { name: standard.id.to_owned(), ..Identity::default() };
            let counts = Counts([found.failed(), found.passed(), 0, 0, 0]);
            let named = Some(standard.id.to_owned());
            let report = Report { about, named, counts, body, ..Report::default() };
            self.write(reports, report, written);
        }
        Ok(())
    }

    /// The objects that somebody wrote, and nothing made: by what they are called.
    fn written_by_people(&self) -> Result<Vec<(String, Manifest)>, String> {
        let mut all = Vec::new();
        let mut bytes = 0_usize;
        for stage in [Stage::Surroundings, Stage::Controllers, Stage::Pods] {
            self.store.each(stage, &mut |_, manifest| {
                let name = objects(&manifest).0.first().and_then(|object| {
                    let metadata = object.node.get("metadata")?;
                    let labels = metadata.get("labels");
                    let is_given =
                        labels.is_some_and(|it| it.text("kubernetes.io/bootstrapping").is_some());
                    let is_made = metadata
                        .list("ownerReferences")
                        .iter()
                        .any(|owner| owner.boolean("controller").is_some_and(|is| is.value));
                    let namespace = object.namespace.unwrap_or("-");
                    let name = format!("{} {namespace}/{}", object.kind, object.name);
                    (!is_given && !is_made).then_some(name)
                });
                if let Some(name) = name {
                    bytes = bytes.saturating_add(manifest.source.text().len());
                    if bytes <= MAX_BYTES {
                        all.push((name, manifest));
                    }
                }
            });
        }
        if bytes > MAX_BYTES {
            return Err(format!(
                "clustercompliancereports: the cluster has {bytes} bytes of objects, more than \
                 {MAX_BYTES}, and is not judged by standards: `--reports` leaves `compliance` away"
            ));
        }
        Ok(all)
    }
}

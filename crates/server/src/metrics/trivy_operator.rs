//! What runs, under the names and labels of trivy-operator, so that its dashboards and alerts go on.
//!
//! Source: <https://aquasecurity.github.io/trivy-operator/latest/tutorials/grafana-dashboard/>. The
//! digest stays empty: it would make a series of every build.

use std::collections::HashMap;

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::{Format, Labels, Metrics, labels};
use crate::app::App;
use crate::compliance;
use crate::error::Result;
use crate::moment::now;
use crate::store::measures::{self, Alike, Workload};
use crate::store::{findings, images};
use crate::triage::Sla;

/// Each with the name that it has there. What is negligible here is low there.
const SEVERITIES: [(&str, &[&str]); 5] = [
    ("Critical", &["critical"]),
    ("High", &["high"]),
    ("Medium", &["medium"]),
    ("Low", &["low", "negligible"]),
    ("Unknown", &["unknown"]),
];

impl Metrics {
    /// What runs, as trivy-operator would tell it.
    pub async fn trivy_operator(&self, app: &App, format: Format) -> Result<String> {
        let policies = 2 * compliance::ALL.len();
        let most = self.limits.series.saturating_sub(policies) / SEVERITIES.len();
        let mut read = app.store.read().await?;
        let sla = Sla::load(&mut read).await?;
        let by_component = measures::by_component(&mut read, now(), &sla).await?;
        let limit = i64::try_from(most + 1).unwrap_or(i64::MAX);
        let workloads = measures::workloads(&mut read, limit).await?;
        let mut ids: Vec<i64> = workloads.iter().map(|it| it.set).collect();
        ids.sort_unstable();
        ids.dedup();
        let sets = images::sets(&mut read, &ids).await?;
        drop(read);
        let vulnerabilities: Family<Labels, Gauge> = Family::default();
        let counted: HashMap<i64, [i64; 5]> = sets
            .iter()
            .map(|(id, set)| (*id, count(set.iter().filter_map(|it| by_component.get(&it)))))
            .collect();
        for workload in workloads.iter().take(most) {
            let counts = counted.get(&workload.set).copied().unwrap_or_default();
            for ((severity, _), count) in SEVERITIES.iter().zip(counts) {
                vulnerabilities.get_or_create(&of(workload, severity)).set(count);
            }
        }
        self.estate.swallowed.inc_by(workloads.len().saturating_sub(most) as u64);
        let policies: Family<Labels, Gauge> = Family::default();
        for policy in compliance::ALL {
            for (ours, theirs) in [("pass", "Pass"), ("fail", "Fail")] {
                let known = labels(&[("policy", policy.name), ("status", ours)]);
                let value =
                    self.estate.compliance_checks.get(&known).map_or(0, |gauge| gauge.get());
                let of = labels(&[
                    ("title", policy.name),
                    ("description", policy.title),
                    ("status", theirs),
                ]);
                policies.get_or_create(&of).set(value);
            }
        }
        let mut registry = Registry::default();
        registry.register(
            "trivy_image_vulnerabilities",
            "Number of container image vulnerabilities",
            vulnerabilities,
        );
        registry.register("trivy_cluster_compliance", "cluster compliance report", policies);
        format.encode(&registry)
    }
}

fn count<'a>(all: impl Iterator<Item = &'a Vec<Alike>>) -> [i64; 5] {
    let mut counts = [0; 5];
    for alike in all.flatten() {
        let name = findings::severity_of(alike.severity).name();
        let place = SEVERITIES.iter().position(|(_, ours)| ours.contains(&name));
        if let Some(count) = place.and_then(|place| counts.get_mut(place)) {
            *count += alike.count;
        }
    }
    counts
}

fn of(workload: &Workload, severity: &str) -> Labels {
    let (registry, repository) =
        workload.repository.split_once('/').unwrap_or(("", &workload.repository));
    let name =
        format!("{}-{}-{}", workload.kind.to_ascii_lowercase(), workload.name, workload.container);
    labels(&[
        ("container_name", &workload.container),
        ("image_digest", ""),
        ("image_registry", registry),
        ("image_repository", repository),
        ("image_tag", &workload.tag),
        ("name", &name),
        ("namespace", &workload.namespace),
        ("resource_kind", &workload.kind),
        ("resource_name", &workload.name),
        ("severity", severity),
    ])
}

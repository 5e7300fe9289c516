//! Figures of reports as Prometheus reads them, under the names and labels of trivy-operator.
//!
//! <https://github.com/aquasecurity/trivy-operator/blob/main/pkg/metrics/collector.go>

use std::fmt::Write as _;

use super::{Counts, Report};

/// The most series of one metric.
pub const MAX_SERIES: usize = 50_000;

/// A report that is told of.
#[derive(Debug, Clone, Copy)]
pub struct Series<'a> {
    /// Its kind.
    pub kind: &'a str,
    /// Its name.
    pub name: &'a str,
    /// The report.
    pub report: &'a Report,
}

/// A metric: its name, the kind of reports, what it is, whether it is of images, whether of the
/// cluster.
struct Metric {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    is_of_images: bool,
    is_of_cluster: bool,
    severities: usize,
}

const fn metric(name: &'static str, kind: &'static str, help: &'static str) -> Metric {
    Metric { name, kind, help, is_of_images: false, is_of_cluster: false, severities: 4 }
}

const METRICS: [Metric; 6] = [
    Metric {
        is_of_images: true,
        severities: 5,
        ..metric(
            "trivy_image_vulnerabilities",
            "VulnerabilityReport",
            "Number of container image vulnerabilities",
        )
    },
    metric(
        "trivy_resource_configaudits",
        "ConfigAuditReport",
        "Number of failing resource configuration auditing checks",
    ),
    metric(
        "trivy_role_rbacassessments",
        "RbacAssessmentReport",
        "Number of rbac risky role assessment checks",
    ),
    Metric {
        is_of_cluster: true,
        ..metric(
            "trivy_clusterrole_clusterrbacassessments",
            "ClusterRbacAssessmentReport",
            "Number of rbac risky cluster role assessment checks",
        )
    },
    metric(
        "trivy_resource_infraassessments",
        "InfraAssessmentReport",
        "Number of failing k8s infra assessment checks",
    ),
    Metric {
        is_of_images: true,
        ..metric(
            "trivy_image_exposedsecrets",
            "ExposedSecretReport",
            "Number of image exposed secrets",
        )
    },
];

/// The text of all metrics; what is over `limit` series of one is left out, and that is counted.
pub fn metrics(
    all: &[Series<'_>],
    standards: &[(String, String, [usize; 2])],
    limit: usize,
) -> String {
    let mut out = String::new();
    let mut left = 0_usize;
    for metric in &METRICS {
        let _ = writeln!(out, "# HELP {} {}\n# TYPE {0} gauge", metric.name, metric.help);
        let mut series = 0_usize;
        for one in all.iter().filter(|one| one.kind == metric.kind) {
            if series.saturating_add(metric.severities) > limit {
                left = left.saturating_add(metric.severities);
                continue;
            }
            series = series.saturating_add(metric.severities);
            let labels = labels(metric, one);
            let counts = Counts::NAMES.iter().zip(one.report.counts.0).take(metric.severities);
            for (severity, count) in counts {
                let _ =
                    writeln!(out, "{}{{{labels},severity=\"{severity}\"}} {count}", metric.name);
            }
        }
    }
    let name = "trivy_cluster_compliance";
    let _ = writeln!(out, "# HELP {name} cluster compliance report\n# TYPE {name} gauge");
    for (title, about, figures) in standards {
        for (status, count) in ["Fail", "Pass"].iter().zip(figures) {
            let _ = writeln!(
                out,
                "{name}{{title=\"{}\",description=\"{}\",status=\"{status}\"}} {count}",
                escaped(title),
                escaped(about)
            );
        }
    }
    let name = "plimsoll_operator_series_left_out";
    let _ = writeln!(
        out,
        "# HELP {name} Series that are not told because there are too many.\n# TYPE {name} gauge\n\
         {name} {left}"
    );
    out
}

fn labels(metric: &Metric, one: &Series<'_>) -> String {
    let about = &one.report.about;
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    if !metric.is_of_cluster {
        pairs.push(("namespace", about.namespace.as_deref().unwrap_or_default()));
    }
    pairs.extend([
        ("name", one.name),
        ("resource_kind", about.kind.as_str()),
        ("resource_name", about.name.as_str()),
    ]);
    if metric.is_of_images {
        let [registry, repository, tag, digest] = &one.report.artifact;
        pairs.extend([
            ("container_name", one.report.container.as_deref().unwrap_or_default()),
            ("image_registry", registry),
            ("image_repository", repository),
            ("image_tag", tag),
            ("image_digest", digest),
        ]);
    }
    let pairs: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    pairs.join(",")
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

//! What is found of a cluster as objects of its API server: the kinds that trivy-operator has, so that
//! queries, dashboards and programs that read those read these; one file a kind.
//!
//! To add one: write its file, name its module here, and add it to [`ReportKind::ALL`].
//!
//! The names and the layout are those of
//! <https://github.com/aquasecurity/trivy-operator/tree/main/docs/docs/crds>.

mod checks;
mod compliance;
mod config_audit;
mod definition;
mod exposed_secret;
mod image;
mod infra_assessment;
mod metrics;
mod object;
mod rbac_assessment;
mod sbom;
mod vulnerability;

pub use checks::{Check, checks};
pub use compliance::{Controls, compliance};
pub use definition::{Column, Field, Shape, definition};
pub use image::{Artifact, MAX_REPORT};
pub use metrics::{MAX_SERIES, Series, metrics};
pub use object::{Counts, Place, Report, report_name};
pub use sbom::sbom;
pub use vulnerability::{counts, vulnerabilities};

/// The group of the API.
pub const GROUP: &str = "aquasecurity.github.io";

/// Its version.
pub const VERSION: &str = "v1alpha1";

/// Who writes the objects: the label by which they are known, and the name that fields are owned by.
pub const MANAGER: &str = "plimsoll";

/// A kind of reports.
#[derive(Debug)]
pub struct ReportKind {
    /// `VulnerabilityReport`.
    pub kind: &'static str,
    /// `vulnerabilityreports`.
    pub plural: &'static str,
    /// What `kubectl get` takes as well.
    pub short: &'static [&'static str],
    /// Whether it is in namespaces.
    pub is_namespaced: bool,
    /// What it is, in a sentence.
    pub about: &'static str,
    /// What `kubectl get` shows.
    pub columns: &'static [Column],
    /// What it has beside its metadata.
    pub fields: &'static [Field],
    /// Whether its `status` is written apart.
    pub has_status: bool,
}

impl ReportKind {
    /// The registry.
    pub const ALL: &'static [&'static Self] = &[
        &vulnerability::KIND,
        &vulnerability::OF_CLUSTER,
        &config_audit::KIND,
        &config_audit::OF_CLUSTER,
        &rbac_assessment::KIND,
        &rbac_assessment::OF_CLUSTER,
        &infra_assessment::KIND,
        &infra_assessment::OF_CLUSTER,
        &exposed_secret::KIND,
        &sbom::KIND,
        &sbom::OF_CLUSTER,
        &compliance::KIND,
    ];

    /// The kind of that name.
    pub fn named(kind: &str) -> Option<&'static Self> {
        Self::ALL.iter().copied().find(|one| one.kind == kind)
    }

    /// Where its objects are: all of the cluster, or those of a namespace.
    pub fn path(&self, namespace: Option<&str>) -> String {
        match namespace.filter(|_| self.is_namespaced) {
            Some(name) => format!("/apis/{GROUP}/{VERSION}/namespaces/{name}/{}", self.plural),
            None => format!("/apis/{GROUP}/{VERSION}/{}", self.plural),
        }
    }
}

#[cfg(test)]
mod tests;

//! What the CIS benchmark says of the control plane and of nodes.

use super::ReportKind;
use super::config_audit::KIND_OF_CHECKS;

pub(super) static KIND: ReportKind = ReportKind {
    kind: "InfraAssessmentReport",
    plural: "infraassessmentreports",
    short: &["infraassessment", "infraassessments"],
    about: "What the CIS benchmark says of a part of the control plane.",
    ..KIND_OF_CHECKS
};

pub(super) static OF_CLUSTER: ReportKind = ReportKind {
    kind: "ClusterInfraAssessmentReport",
    plural: "clusterinfraassessmentreports",
    short: &["clusterinfraassessment"],
    is_namespaced: false,
    about: "What the CIS benchmark says of a node.",
    ..KIND_OF_CHECKS
};

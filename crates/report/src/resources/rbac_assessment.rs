//! What rules say of roles and bindings.

use super::ReportKind;
use super::config_audit::KIND_OF_CHECKS;

pub(super) static KIND: ReportKind = ReportKind {
    kind: "RbacAssessmentReport",
    plural: "rbacassessmentreports",
    short: &["rbacassessment", "rbacassessments"],
    about: "What rules say of a role or a binding of a namespace.",
    ..KIND_OF_CHECKS
};

pub(super) static OF_CLUSTER: ReportKind = ReportKind {
    kind: "ClusterRbacAssessmentReport",
    plural: "clusterrbacassessmentreports",
    short: &["clusterrbacassessmentreport"],
    is_namespaced: false,
    about: "What rules say of a role or a binding of the cluster.",
    ..KIND_OF_CHECKS
};

//! What rules say of workloads and of what stands before them.

use super::ReportKind;
use super::checks::{COLUMNS, FIELDS};

pub(super) static KIND: ReportKind = ReportKind {
    kind: "ConfigAuditReport",
    plural: "configauditreports",
    short: &["configaudit", "configaudits"],
    about: "What rules say of a workload, a service or an ingress.",
    ..KIND_OF_CHECKS
};

pub(super) static OF_CLUSTER: ReportKind = ReportKind {
    kind: "ClusterConfigAuditReport",
    plural: "clusterconfigauditreports",
    short: &["clusterconfigaudit"],
    is_namespaced: false,
    about: "What rules say of an object of the cluster.",
    ..KIND_OF_CHECKS
};

/// What all kinds of reports on checks share.
pub(super) const KIND_OF_CHECKS: ReportKind = ReportKind {
    kind: "",
    plural: "",
    short: &[],
    is_namespaced: true,
    about: "",
    columns: COLUMNS,
    fields: FIELDS,
    has_status: false,
};

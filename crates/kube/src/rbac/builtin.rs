//! The roles that every cluster has, as far as they matter for who can become whom.
//!
//! After `plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go` of Kubernetes. What the files
//! say of a role of the same name counts instead.

use super::grant::{Grant, Place};

/// Verbs, group, resources; each list with blanks between.
type Row = (&'static str, &'static str, &'static str);

/// Whoever may change what a namespace has.
const EDIT: &[Row] = &[
    (
        "get list watch",
        "",
        "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy",
    ),
    ("impersonate", "", "serviceaccounts"),
    (
        "create delete deletecollection patch update",
        "",
        "pods pods/attach pods/exec pods/portforward pods/proxy configmaps secrets serviceaccounts \
         replicationcontrollers replicationcontrollers/scale services services/proxy \
         persistentvolumeclaims",
    ),
    ("create", "", "pods/eviction serviceaccounts/token"),
    (
        "create delete deletecollection patch update",
        "apps",
        "daemonsets deployments deployments/rollback deployments/scale replicasets \
         replicasets/scale statefulsets statefulsets/scale",
    ),
    ("create delete deletecollection patch update", "batch", "cronjobs jobs"),
    (
        "create delete deletecollection patch update",
        "networking.k8s.io",
        "ingresses networkpolicies",
    ),
];

const VIEW: &[Row] = &[(
    "get list watch",
    "",
    "configmaps endpoints events limitranges namespaces persistentvolumeclaims pods pods/log \
     pods/status replicationcontrollers resourcequotas serviceaccounts services",
)];

const ADMIN: &[Row] = &[(
    "create delete deletecollection get list patch update watch",
    "rbac.authorization.k8s.io",
    "roles rolebindings",
)];

const CLUSTER_ADMIN: &[Row] = &[("*", "*", "*")];

/// A cluster role that every cluster has; `None` where there is none of that name or it is of no
/// weight.
pub(super) fn cluster_role(name: &str) -> Option<Vec<Grant>> {
    let rows: &[&[Row]] = match name {
        "cluster-admin" => &[CLUSTER_ADMIN],
        "admin" => &[ADMIN, EDIT, VIEW],
        "edit" => &[EDIT, VIEW],
        "view" => &[VIEW],
        _ => return None,
    };
    let list = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let grant = |(verbs, group, resources): &Row| Grant {
        verbs: list(verbs),
        groups: vec![(*group).to_owned()],
        resources: list(resources),
        names: Vec::new(),
        place: Place::default(),
    };
    Some(rows.iter().flat_map(|rows| rows.iter()).map(grant).collect())
}

/// An account in `kube-system` that may raise roles, in every cluster whose controllers have
/// accounts of their own, as those of kubeadm have.
pub(super) const RAISER: &str = "clusterrole-aggregation-controller";

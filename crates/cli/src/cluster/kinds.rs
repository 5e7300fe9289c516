//! The kinds of objects that a scan of a cluster asks for.
//!
//! Secrets and config maps are not among them: nothing here needs their values.

/// A kind of objects and where they are listed.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "the API has both words")]
pub(crate) struct Kind {
    /// `v1`, `apps/v1`.
    pub(crate) api_version: &'static str,
    /// `Pod`.
    pub(crate) kind: &'static str,
    /// `pods`.
    pub(crate) plural: &'static str,
    /// Whether they are in namespaces.
    pub(crate) is_namespaced: bool,
    /// Whether a cluster may know no such kind.
    pub(crate) is_optional: bool,
    pub(crate) stage: Stage,
}

/// In which order kinds are listed: each is judged by those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// What workloads are judged by.
    Surroundings,
    /// What makes pods.
    Controllers,
    /// The pods.
    Pods,
}

const fn kind(
    stage: Stage,
    api_version: &'static str,
    kind: &'static str,
    plural: &'static str,
) -> Kind {
    Kind { api_version, kind, plural, is_namespaced: true, is_optional: false, stage }
}

impl Kind {
    const fn of_the_cluster(self) -> Self {
        Self { is_namespaced: false, ..self }
    }

    const fn optional(self) -> Self {
        Self { is_optional: true, ..self }
    }

    /// All that are listed; what makes something stands before what it makes.
    pub(crate) const ALL: &'static [Self] = &[
        kind(Stage::Surroundings, "v1", "Namespace", "namespaces").of_the_cluster(),
        kind(Stage::Surroundings, "v1", "Node", "nodes").of_the_cluster(),
        kind(Stage::Surroundings, "v1", "ServiceAccount", "serviceaccounts"),
        kind(Stage::Surroundings, "v1", "Service", "services"),
        kind(Stage::Surroundings, "networking.k8s.io/v1", "Ingress", "ingresses"),
        kind(Stage::Surroundings, "networking.k8s.io/v1", "NetworkPolicy", "networkpolicies"),
        kind(
            Stage::Surroundings,
            "policy.networking.k8s.io/v1alpha1",
            "AdminNetworkPolicy",
            "adminnetworkpolicies",
        )
        .of_the_cluster()
        .optional(),
        kind(
            Stage::Surroundings,
            "policy.networking.k8s.io/v1alpha1",
            "BaselineAdminNetworkPolicy",
            "baselineadminnetworkpolicies",
        )
        .of_the_cluster()
        .optional(),
        kind(
            Stage::Surroundings,
            "policy.networking.k8s.io/v1alpha2",
            "ClusterNetworkPolicy",
            "clusternetworkpolicies",
        )
        .of_the_cluster()
        .optional(),
        kind(Stage::Surroundings, RBAC, "ClusterRole", "clusterroles").of_the_cluster(),
        kind(Stage::Surroundings, RBAC, "ClusterRoleBinding", "clusterrolebindings")
            .of_the_cluster(),
        kind(Stage::Surroundings, RBAC, "Role", "roles"),
        kind(Stage::Surroundings, RBAC, "RoleBinding", "rolebindings"),
        kind(Stage::Controllers, "apps/v1", "Deployment", "deployments"),
        kind(Stage::Controllers, "apps/v1", "StatefulSet", "statefulsets"),
        kind(Stage::Controllers, "apps/v1", "DaemonSet", "daemonsets"),
        kind(Stage::Controllers, "batch/v1", "CronJob", "cronjobs"),
        kind(Stage::Controllers, "apps/v1", "ReplicaSet", "replicasets"),
        kind(Stage::Controllers, "batch/v1", "Job", "jobs"),
        kind(Stage::Controllers, "v1", "ReplicationController", "replicationcontrollers"),
        kind(Stage::Pods, "v1", "Pod", "pods"),
    ];

    /// Where they are listed: all, or those of a namespace; a namespace itself by its name.
    pub(crate) fn path(&self, namespace: Option<&str>) -> String {
        let root = if self.api_version.contains('/') { "apis" } else { "api" };
        let Self { api_version, plural, .. } = self;
        match namespace {
            Some(name) if self.is_namespaced => {
                format!("/{root}/{api_version}/namespaces/{name}/{plural}?")
            }
            Some(name) if self.kind == "Namespace" => {
                format!("/{root}/{api_version}/{plural}?fieldSelector=metadata.name%3D{name}&")
            }
            _ => format!("/{root}/{api_version}/{plural}?"),
        }
    }
}

const RBAC: &str = "rbac.authorization.k8s.io/v1";

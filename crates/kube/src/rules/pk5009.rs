//! Versions of the API that never were, and kinds that are elsewhere.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK5009",
        aliases: &[],
        level: Level::Error,
        title: "Name a version of the API that there is",
        why: "The API server has no such version, or not this kind in it: the object cannot be made. Nothing that a policy says of the kind is heeded for it either.",
        bad: "\
apiVersion: apps/v9
kind: Deployment
metadata:
  name: web
",
        good: "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/reference/using-api/#api-groups",
        fields: &[],
    },
    check,
};

/// Groups of Kubernetes itself and their versions, those that are gone too. Where new trial versions
/// still come, any is taken for one.
const GROUPS: [(&str, &[&str], bool); 24] = [
    ("", &["v1"], false),
    ("admissionregistration.k8s.io", &["v1"], true),
    ("apiextensions.k8s.io", &["v1"], true),
    ("apiregistration.k8s.io", &["v1"], true),
    ("apps", &["v1", "v1beta1", "v1beta2"], false),
    ("authentication.k8s.io", &["v1"], true),
    ("authorization.k8s.io", &["v1"], true),
    ("autoscaling", &["v1", "v2", "v2beta1", "v2beta2"], false),
    ("batch", &["v1", "v1beta1", "v2alpha1"], false),
    ("certificates.k8s.io", &["v1"], true),
    ("coordination.k8s.io", &["v1"], true),
    ("discovery.k8s.io", &["v1"], true),
    ("events.k8s.io", &["v1", "v1beta1"], false),
    ("extensions", &["v1beta1"], false),
    ("flowcontrol.apiserver.k8s.io", &["v1"], true),
    ("internal.apiserver.k8s.io", &[], true),
    ("networking.k8s.io", &["v1"], true),
    ("node.k8s.io", &["v1"], true),
    ("policy", &["v1", "v1beta1"], false),
    ("rbac.authorization.k8s.io", &["v1", "v1alpha1", "v1beta1"], false),
    ("resource.k8s.io", &["v1"], true),
    ("scheduling.k8s.io", &["v1"], true),
    ("storage.k8s.io", &["v1"], true),
    ("storagemigration.k8s.io", &["v1"], true),
];

/// Kinds that are mistaken, and the version to write.
const HOMES: [(&str, &str); 22] = [
    ("ConfigMap", "v1"),
    ("Namespace", "v1"),
    ("Pod", "v1"),
    ("ReplicationController", "v1"),
    ("Secret", "v1"),
    ("Service", "v1"),
    ("ServiceAccount", "v1"),
    ("DaemonSet", "apps/v1"),
    ("Deployment", "apps/v1"),
    ("ReplicaSet", "apps/v1"),
    ("StatefulSet", "apps/v1"),
    ("HorizontalPodAutoscaler", "autoscaling/v2"),
    ("CronJob", "batch/v1"),
    ("Job", "batch/v1"),
    ("Ingress", "networking.k8s.io/v1"),
    ("IngressClass", "networking.k8s.io/v1"),
    ("NetworkPolicy", "networking.k8s.io/v1"),
    ("PodDisruptionBudget", "policy/v1"),
    ("ClusterRole", "rbac.authorization.k8s.io/v1"),
    ("ClusterRoleBinding", "rbac.authorization.k8s.io/v1"),
    ("Role", "rbac.authorization.k8s.io/v1"),
    ("RoleBinding", "rbac.authorization.k8s.io/v1"),
];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let object = &context.object;
    let (group, written) = (object.group(), object.api_version);
    let version = written.rsplit_once('/').map_or(written, |(_, version)| version);
    let Some(place) = object.node.get("apiVersion").filter(|_| !written.is_empty()) else { return };
    let Some((_, versions, is_open)) = GROUPS.iter().find(|(name, ..)| *name == group) else {
        return;
    };
    let is_trial = *is_open && (version.contains("alpha") || version.contains("beta"));
    let home = HOMES.iter().find(|(kind, _)| *kind == object.kind).map(|(_, home)| *home);
    let message = if !versions.contains(&version) && !is_trial {
        let instead = home.map(|home| format!(": write `{home}`")).unwrap_or_default();
        format!("Kubernetes has no `{written}`{instead}")
    } else if let Some(home) = home
        && home.rsplit_once('/').map_or("", |(group, _)| group) != group
        && group != "extensions"
    {
        format!("there is no {} in `{written}`: write `{home}`", object.kind)
    } else {
        return;
    };
    findings.report(place.span, message);
}

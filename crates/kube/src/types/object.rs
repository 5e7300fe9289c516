//! Objects that are no pods: their metadata, and the fields by which they give rights or open ways.
//!
//! <https://kubernetes.io/docs/reference/kubernetes-api/>

use std::sync::Arc;

use super::Type::{self, Bool, Int32, IntOrText, List, Object, Opaque, Text, Texts};
use crate::manifest::{Node, Problem, ProblemKind};
use crate::rbac::Subject;

pub(super) const METADATA: Type = Object(&[
    ("name", Text),
    ("generateName", Text),
    ("namespace", Text),
    ("annotations", Texts),
    ("labels", Texts),
]);

const SELECTOR: Type = Object(&[
    ("matchLabels", Texts),
    (
        "matchExpressions",
        List(&Object(&[("key", Text), ("operator", Text), ("values", List(&Text))])),
    ),
]);

const ROLE: Type = Object(&[
    ("metadata", METADATA),
    (
        "rules",
        List(&Object(&[
            ("apiGroups", List(&Text)),
            ("nonResourceURLs", List(&Text)),
            ("resourceNames", List(&Text)),
            ("resources", List(&Text)),
            ("verbs", List(&Text)),
        ])),
    ),
    ("aggregationRule", Object(&[("clusterRoleSelectors", List(&SELECTOR))])),
]);

const BINDING: Type = Object(&[
    ("metadata", METADATA),
    ("roleRef", Object(&[("apiGroup", Text), ("kind", Text), ("name", Text)])),
    (
        "subjects",
        List(&Object(&[("apiGroup", Text), ("kind", Text), ("name", Text), ("namespace", Text)])),
    ),
]);

const NAMED: Type = Object(&[("name", Text)]);

const SERVICE_ACCOUNT: Type = Object(&[
    ("metadata", METADATA),
    ("automountServiceAccountToken", Bool),
    ("imagePullSecrets", List(&NAMED)),
    ("secrets", List(&NAMED)),
]);

const SERVICE: Type = Object(&[
    ("metadata", METADATA),
    (
        "spec",
        Object(&[
            ("allocateLoadBalancerNodePorts", Bool),
            ("clusterIP", Text),
            ("clusterIPs", List(&Text)),
            ("externalIPs", List(&Text)),
            ("externalName", Text),
            ("externalTrafficPolicy", Text),
            ("internalTrafficPolicy", Text),
            ("loadBalancerClass", Text),
            ("loadBalancerIP", Text),
            ("loadBalancerSourceRanges", List(&Text)),
            (
                "ports",
                List(&Object(&[
                    ("name", Text),
                    ("nodePort", Int32),
                    ("port", Int32),
                    ("protocol", Text),
                    ("targetPort", IntOrText),
                ])),
            ),
            ("publishNotReadyAddresses", Bool),
            ("selector", Texts),
            ("type", Text),
        ]),
    ),
]);

const BACKEND: Type = Object(&[
    ("resource", Opaque),
    ("service", Object(&[("name", Text), ("port", Object(&[("name", Text), ("number", Int32)]))])),
    ("serviceName", Text),
    ("servicePort", IntOrText),
]);

const INGRESS: Type = Object(&[
    ("metadata", METADATA),
    (
        "spec",
        Object(&[
            ("backend", BACKEND),
            ("defaultBackend", BACKEND),
            ("ingressClassName", Text),
            (
                "rules",
                List(&Object(&[
                    ("host", Text),
                    (
                        "http",
                        Object(&[(
                            "paths",
                            List(&Object(&[
                                ("backend", BACKEND),
                                ("path", Text),
                                ("pathType", Text),
                            ])),
                        )]),
                    ),
                ])),
            ),
            ("tls", List(&Object(&[("hosts", List(&Text)), ("secretName", Text)]))),
        ]),
    ),
]);

const PEER: Type = Object(&[
    ("ipBlock", Object(&[("cidr", Text), ("except", List(&Text))])),
    ("namespaceSelector", SELECTOR),
    ("podSelector", SELECTOR),
]);

const POLICY_PORT: Type = Object(&[("endPort", Int32), ("port", IntOrText), ("protocol", Text)]);

const NETWORK_POLICY: Type = Object(&[
    ("metadata", METADATA),
    (
        "spec",
        Object(&[
            ("egress", List(&Object(&[("ports", List(&POLICY_PORT)), ("to", List(&PEER))]))),
            ("ingress", List(&Object(&[("from", List(&PEER)), ("ports", List(&POLICY_PORT))]))),
            ("podSelector", SELECTOR),
            ("policyTypes", List(&Text)),
        ]),
    ),
]);

const CONFIG_MAP: Type =
    Object(&[("metadata", METADATA), ("binaryData", Texts), ("data", Texts), ("immutable", Bool)]);

const SECRET: Type = Object(&[
    ("metadata", METADATA),
    ("data", Texts),
    ("immutable", Bool),
    ("stringData", Texts),
    ("type", Text),
]);

const REPLICATED: Type = Object(&[
    ("metadata", METADATA),
    ("spec", Object(&[("replicas", Int32), ("selector", SELECTOR)])),
]);

const JOB: Type = Object(&[
    ("metadata", METADATA),
    (
        "spec",
        Object(&[
            ("backoffLimit", Int32),
            ("completions", Int32),
            ("parallelism", Int32),
            ("suspend", Bool),
        ]),
    ),
]);

const CRON_JOB: Type =
    Object(&[("metadata", METADATA), ("spec", Object(&[("schedule", Text), ("suspend", Bool)]))]);

/// Of objects of other kinds.
const ANY: Type = Object(&[("metadata", METADATA)]);

const RBAC: &str = "rbac.authorization.k8s.io";

/// Kind, group, and what they have.
const KINDS: [(&str, &str, &Type); 16] = [
    ("Role", RBAC, &ROLE),
    ("ClusterRole", RBAC, &ROLE),
    ("RoleBinding", RBAC, &BINDING),
    ("ClusterRoleBinding", RBAC, &BINDING),
    ("ServiceAccount", "", &SERVICE_ACCOUNT),
    ("Service", "", &SERVICE),
    ("ConfigMap", "", &CONFIG_MAP),
    ("Secret", "", &SECRET),
    ("Ingress", "networking.k8s.io", &INGRESS),
    ("NetworkPolicy", "networking.k8s.io", &NETWORK_POLICY),
    ("Deployment", "apps", &REPLICATED),
    ("ReplicaSet", "apps", &REPLICATED),
    ("StatefulSet", "apps", &REPLICATED),
    ("DaemonSet", "apps", &REPLICATED),
    ("Job", "batch", &JOB),
    ("CronJob", "batch", &CRON_JOB),
];

/// What of an object the API server would refuse, but for the pod that it is or makes.
pub(crate) fn problems(object: &crate::Object<'_>) -> Vec<Problem> {
    let group = object.group();
    let is_it = |kind: &str, home: &str| {
        // `extensions` is where some of them came from.
        kind == object.kind && (home == group || group == "extensions")
    };
    let wanted = KINDS.iter().find(|(kind, home, _)| is_it(kind, home));
    let mut found = super::problems(object.node, wanted.map_or(&ANY, |(.., wanted)| wanted));
    if found.is_empty() && group == RBAC && object.kind.ends_with("Binding") {
        found.extend(nobodies(object));
    }
    found
}

/// The subjects of a binding that are nobody's names.
fn nobodies(object: &crate::Object<'_>) -> Vec<Problem> {
    let home = (object.kind == "RoleBinding").then(|| object.home());
    let nobody = |node: &Arc<Node>| {
        let kind = ProblemKind::NoSubject;
        Subject::of(node, home).is_none().then(|| Problem { kind, span: node.span, related: None })
    };
    object.node.list("subjects").iter().filter_map(nobody).collect()
}

//! Roles that reach kubelets.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::right::{Right, report};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK6005",
        aliases: &["KSV-0047"],
        level: Level::Error,
        title: "Let nobody talk to kubelets",
        why: "`nodes/proxy` reaches the API of each kubelet, which runs programs in any pod of its node, also for whoever has but `get`; no audit log of the API server says which.",
        bad: "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: web
rules:
  - apiGroups: ['']
    resources: [nodes/proxy]
    verbs: [get]
",
        good: "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: web
rules:
  - apiGroups: ['']
    resources: [nodes]
    verbs: [get]
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
        fields: &[],
    },
    check,
};

static RIGHT: Right = Right {
    verbs: &["get", "create", "update", "patch", "delete"],
    group: "",
    resources: &["nodes/proxy"],
    unless_named: false,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    report(context, &RIGHT, "a kubelet runs programs in any pod for it", findings);
}

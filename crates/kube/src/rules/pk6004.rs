//! Roles that run programs in pods.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::right::{Right, report};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK6004",
        aliases: &["KSV-0053"],
        level: Level::Warning,
        title: "Let nobody run programs in pods that serve",
        why: "Who runs a program in a pod has its token, its secrets and its network. A WebSocket needs but `get`.",
        bad: "\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: web
rules:
  - apiGroups: ['']
    resources: [pods/exec]
    verbs: [create]
",
        good: "\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: web
rules:
  - apiGroups: ['']
    resources: [pods/log]
    verbs: [get]
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
        fields: &[],
    },
    check,
};

static RIGHT: Right = Right {
    verbs: &["create", "get", "update", "patch"],
    group: "",
    resources: &["pods/exec", "pods/attach", "pods/ephemeralcontainers"],
    unless_named: false,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    report(context, &RIGHT, "so it has all that those pods have", findings);
}

//! Bindings by which somebody comes to the whole cluster.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::rbac::Subject;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK6010",
        aliases: &[],
        level: Level::Error,
        title: "Leave no way to the whole cluster",
        why: "Rights add up: who may make pods beside the account of an administrator runs them as that account. The rule follows roles, bindings and accounts of all given files to whoever may do everything, and says each step. `plimsoll kube rbac paths` shows all ways with their places.",
        bad: "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: builder
rules:
  - apiGroups: [batch]
    resources: [jobs]
    verbs: [create]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: builder
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: builder
subjects:
  - kind: ServiceAccount
    name: builder
    namespace: ci
",
        good: "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: builder
rules:
  - apiGroups: [batch]
    resources: [jobs]
    verbs: [create]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: builder
  namespace: ci
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: builder
subjects:
  - kind: ServiceAccount
    name: builder
    namespace: ci
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
        fields: &[],
    },
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let object = &context.object;
    let home = match object.kind {
        "RoleBinding" => Some(object.home()),
        "ClusterRoleBinding" => None,
        _ => return,
    };
    // PK5008 finds who is given everything at once.
    let role = object.node.get("roleRef").and_then(|role| role.text("name"));
    if role.is_none_or(|role| role.value == "cluster-admin") {
        return;
    }
    let called = format!(
        "{} {}{}",
        object.kind,
        home.map_or(String::new(), |home| format!("{home}/")),
        object.name
    );
    for node in object.node.list("subjects") {
        let Some(subject) = Subject::of(node, home) else { continue };
        let Some(way) = context.estate.way(&subject) else { continue };
        if way.binding == called && !subject.is_systems() {
            let span = node.text("name").map_or(node.span, |name| name.span);
            let message =
                format!("{subject} comes to the whole cluster: may {}", way.steps.join(", then "));
            findings.report(span, message);
        }
    }
}

//! Bindings to everybody.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK6009",
        aliases: &[],
        level: Level::Error,
        title: "Bind no role to everybody",
        why: "`system:unauthenticated` and `system:anonymous` are whoever reaches the API server, `system:authenticated` is whoever has any token, and `system:serviceaccounts` is every program of the cluster.",
        bad: "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: readers
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: view
subjects:
  - kind: Group
    name: system:unauthenticated
",
        good: "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: readers
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: view
subjects:
  - kind: Group
    name: readers
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
        fields: &[],
    },
    check,
};

/// Who they are, in a few words.
const EVERYBODY: [(&str, &str); 4] = [
    ("system:unauthenticated", "whoever reaches the API server"),
    ("system:anonymous", "whoever reaches the API server"),
    ("system:authenticated", "whoever has any token of the cluster"),
    ("system:serviceaccounts", "every program of the cluster"),
];

/// What Kubernetes itself binds to them.
const BY_DEFAULT: [&str; 4] = [
    "system:basic-user",
    "system:discovery",
    "system:public-info-viewer",
    "system:service-account-issuer-discovery",
];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    if !["RoleBinding", "ClusterRoleBinding"].contains(&context.object.kind) {
        return;
    }
    let role = context.object.node.get("roleRef").and_then(|role| role.text("name"));
    if role.is_some_and(|role| BY_DEFAULT.contains(&role.value)) {
        return;
    }
    for subject in context.object.node.list("subjects") {
        let Some(name) = subject.text("name") else { continue };
        if let Some((_, who)) = EVERYBODY.iter().find(|(group, _)| *group == name.value) {
            findings.report(name.span, format!("{} is {who}", name.value));
        }
    }
}

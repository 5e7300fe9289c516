//! Who is given the whole cluster.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK5008",
        aliases: &["KSV-0111"],
        level: Level::Error,
        title: "Give nobody the whole cluster",
        why: "`cluster-admin` may do everything everywhere. A program that is given it gives it to whoever breaks in.",
        bad: "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: web
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: cluster-admin
subjects:
  - kind: ServiceAccount
    name: web
    namespace: shop
",
        good: "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: web
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: view
subjects:
  - kind: ServiceAccount
    name: web
    namespace: shop
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
        fields: &[],
    },
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    if !["RoleBinding", "ClusterRoleBinding"].contains(&context.object.kind) {
        return;
    }
    let role = context.object.node.get("roleRef").and_then(|role| role.text("name"));
    if let Some(role) = role.filter(|role| role.value == "cluster-admin") {
        findings.report(role.span, "who is bound here may do everything");
    }
}

//! Roles that allow everything.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK5007",
        aliases: &["KSV-0044", "KSV-0045", "KSV-0046"],
        level: Level::Error,
        title: "Name what a role allows",
        why: "A `*` among verbs or resources also allows what nobody thought of: reading secrets, taking other roles, running programs in pods, and whatever comes with the next release.",
        bad: "\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: web
rules:
  - apiGroups: ['']
    resources: [configmaps]
    verbs: ['*']
",
        good: "\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: web
rules:
  - apiGroups: ['']
    resources: [configmaps]
    verbs: [get]
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
        fields: &[],
    },
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    if !["Role", "ClusterRole"].contains(&context.object.kind) {
        return;
    }
    for rule in context.object.node.list("rules") {
        for name in ["verbs", "resources"] {
            if let Some(all) = rule.texts(name).find(|one| one.value == "*") {
                let message = format!("{} allows all {name}", context.object.called());
                findings.report(all.span, message);
            }
        }
    }
}

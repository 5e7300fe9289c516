//! Roles that let their holder act as somebody else.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::right::{Right, report};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK6002",
        aliases: &["KSV-0043"],
        level: Level::Error,
        title: "Let no program act as somebody else",
        why: "`impersonate` lets its holder speak for any user, group or service account, and the audit log is the only one to notice.",
        bad: "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: web
rules:
  - apiGroups: ['']
    resources: [users, groups]
    verbs: [impersonate]
",
        good: "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
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

static RIGHT: Right = Right {
    verbs: &["impersonate"],
    group: "",
    resources: &["users", "groups", "serviceaccounts"],
    unless_named: false,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    report(context, &RIGHT, "so it speaks for others", findings);
}

//! Roles that read all secrets.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::right::{Right, report};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK6003",
        aliases: &["KSV-0041"],
        level: Level::Warning,
        title: "Name the secrets that a role may read",
        why: "Whoever may read all secrets of a namespace has the passwords and tokens of all its programs; `list` and `watch` hand out their content as `get` does.",
        bad: "\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: web
rules:
  - apiGroups: ['']
    resources: [secrets]
    verbs: [get]
",
        good: "\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: web
rules:
  - apiGroups: ['']
    resources: [secrets]
    verbs: [get]
    resourceNames: [web-tls]
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
        fields: &[],
    },
    check,
};

static RIGHT: Right = Right {
    verbs: &["get", "list", "watch"],
    group: "",
    resources: &["secrets"],
    unless_named: true,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    report(context, &RIGHT, "these are the passwords of all programs there", findings);
}

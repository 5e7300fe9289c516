//! Roles that let their holder raise or bind roles.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::right::{Right, report};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK6001",
        aliases: &[],
        level: Level::Error,
        title: "Let no program raise roles or bind them",
        why: "The API server stops whoever writes a role or a binding that allows more than he has himself, unless he has `escalate` or `bind`. Who has them can give himself everything.",
        bad: "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: web
rules:
  - apiGroups: ['rbac.authorization.k8s.io']
    resources: [clusterroles]
    verbs: [bind, get]
",
        good: "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: web
rules:
  - apiGroups: ['rbac.authorization.k8s.io']
    resources: [clusterroles]
    verbs: [get]
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
        fields: &[],
    },
    check,
};

static RIGHT: Right = Right {
    verbs: &["escalate", "bind"],
    group: "rbac.authorization.k8s.io",
    resources: &["roles", "clusterroles"],
    unless_named: false,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    report(context, &RIGHT, "so it can give more than it has", findings);
}

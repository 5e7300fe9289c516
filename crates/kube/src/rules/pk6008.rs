//! Roles that approve certificates.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::right::{Right, report};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK6008",
        aliases: &[],
        level: Level::Warning,
        title: "Let no program approve certificates of users",
        why: "Who approves a request for a certificate that the API server trusts makes himself whichever user he names.",
        bad: "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: web
rules:
  - apiGroups: ['certificates.k8s.io']
    resources: [certificatesigningrequests/approval]
    verbs: [update]
",
        good: "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: web
rules:
  - apiGroups: ['certificates.k8s.io']
    resources: [certificatesigningrequests]
    verbs: [get]
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
        fields: &[],
    },
    check,
};

static RIGHT: Right = Right {
    verbs: &["update", "patch"],
    group: "certificates.k8s.io",
    resources: &["certificatesigningrequests/approval"],
    unless_named: false,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    report(context, &RIGHT, "so it makes certificates for users", findings);
}

//! Roles that hand out tokens.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::right::{Right, report};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK6006",
        aliases: &[],
        level: Level::Warning,
        title: "Name the accounts whose tokens a role may request",
        why: "Who may create `serviceaccounts/token` gets a token of every account of the namespace, and so all their rights.",
        bad: "\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: web
rules:
  - apiGroups: ['']
    resources: [serviceaccounts/token]
    verbs: [create]
",
        good: "\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: web
rules:
  - apiGroups: ['']
    resources: [serviceaccounts/token]
    verbs: [create]
    resourceNames: [web]
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
        fields: &[],
    },
    check,
};

static RIGHT: Right = Right {
    verbs: &["create"],
    group: "",
    resources: &["serviceaccounts/token"],
    unless_named: true,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    report(context, &RIGHT, "so it has the rights of all accounts there", findings);
}

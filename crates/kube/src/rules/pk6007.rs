//! Roles that write admission webhooks.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::right::{Right, report};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK6007",
        aliases: &["KSV-0114"],
        level: Level::Warning,
        title: "Let no program write admission webhooks",
        why: "A mutating webhook sees each object that is made, secrets among them, and changes it; a validating one can stop the cluster.",
        bad: "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: web
rules:
  - apiGroups: ['admissionregistration.k8s.io']
    resources: [mutatingwebhookconfigurations]
    verbs: [create]
",
        good: "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: web
rules:
  - apiGroups: ['admissionregistration.k8s.io']
    resources: [mutatingwebhookconfigurations]
    verbs: [get]
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
        fields: &[],
    },
    check,
};

static RIGHT: Right = Right {
    verbs: &["create", "update", "patch"],
    group: "admissionregistration.k8s.io",
    resources: &["mutatingwebhookconfigurations", "validatingwebhookconfigurations"],
    unless_named: false,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    report(context, &RIGHT, "a webhook sees and changes what anybody makes", findings);
}

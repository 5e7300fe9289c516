//! The cluster's own namespace.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK5002",
        aliases: &["KSV-0037"],
        level: Level::Warning,
        title: "Leave kube-system to the cluster",
        why: "Who is in kube-system is often exempt from policies, and its service accounts are the cluster's own.",
        bad: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: kube-system
spec:
  containers:
    - name: web
      image: registry.example.com/web:1.2
",
        good: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
spec:
  containers:
    - name: web
      image: registry.example.com/web:1.2
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/",
        fields: &[],
    },
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    if context.workload.is_none() || context.object.namespace != Some("kube-system") {
        return;
    }
    if let Some(place) = context.object.node.at(&["metadata", "namespace"]) {
        findings.report(place.span, "the workload is in the cluster's own namespace");
    }
}

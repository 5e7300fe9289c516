//! The default namespace.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK5001",
        aliases: &["KSV-0110"],
        level: Level::Info,
        title: "Give a workload a namespace of its own",
        why: "Quotas, network policies, roles and Pod Security levels belong to a namespace. In the default one all workloads share them.",
        bad: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: default
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
    if context.workload.is_none() || context.object.namespace != Some("default") {
        return;
    }
    if let Some(place) = context.object.node.at(&["metadata", "namespace"]) {
        findings.report(place.span, "the workload is in the default namespace");
    }
}

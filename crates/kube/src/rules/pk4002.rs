//! Pods that no network policy selects.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK4002",
        aliases: &[],
        level: Level::Info,
        title: "Say whom a pod talks to",
        why: "A pod that no policy selects is reached by every pod of the cluster, and reaches every other, the node's metadata and the internet. Policies are looked for in the files that are given.",
        bad: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
  labels:
    app: web
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
  labels:
    app: web
spec:
  containers:
    - name: web
      image: registry.example.com/web:1.2
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
spec:
  podSelector:
    matchLabels:
      app: web
  policyTypes: [Ingress, Egress]
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/services-networking/network-policies/",
        fields: &[],
    },
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    if context.workload.is_some_and(|workload| !context.estate.is_selected(workload)) {
        let message = format!("no network policy selects the pods of {}", context.object.called());
        findings.report(context.object.head(), message);
    }
}

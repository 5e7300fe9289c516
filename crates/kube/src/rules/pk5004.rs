//! Selectors that miss their own pods.

use plimsoll_model::text::Level;

use crate::estate::Selector;
use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK5004",
        aliases: &[],
        level: Level::Error,
        title: "Let the selector of a workload select its own pods",
        why: "The API server refuses a workload whose selector does not select the pods of its template.",
        bad: "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: shop
    spec:
      containers:
        - name: web
          image: registry.example.com/web:1.2
",
        good: "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
        - name: web
          image: registry.example.com/web:1.2
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#selector",
        fields: &[],
    },
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(workload) = context.workload else { return };
    let kinds = ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"];
    let Some(selector) = context.object.node.at(&["spec", "selector"]) else { return };
    let labels = workload.pod.root.at(&["metadata", "labels"]);
    if kinds.contains(&context.object.kind) && !Selector::new(Some(selector)).selects(labels) {
        let message = format!("{} does not select its own pods", context.object.called());
        let place = labels.map_or(context.object.head(), |labels| labels.span);
        findings.report(selector.span, message).related(place, "the labels of its pods");
    }
}

//! Pods that nothing makes anew.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};
use crate::workload::Workload;

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK5003",
        aliases: &[],
        level: Level::Info,
        title: "Let a controller make pods",
        why: "A pod of its own is gone with its node. A Deployment, a StatefulSet or a Job makes another one.",
        bad: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
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
        source: "https://kubernetes.io/docs/concepts/workloads/pods/#working-with-pods",
        fields: &[],
    },
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let owned = context.object.node.at(&["metadata", "ownerReferences"]).is_some();
    if context.workload.is_some_and(Workload::is_bare) && !owned {
        findings.report(context.object.head(), "nothing makes this pod anew when it is gone");
    }
}

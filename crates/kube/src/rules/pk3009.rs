//! Processes that see each other.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK3009",
        aliases: &[],
        level: Level::Info,
        title: "Keep the containers of a pod apart",
        why: "With `shareProcessNamespace` each container of the pod sees the processes of the others, their environment and, through /proc, their files.",
        bad: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  shareProcessNamespace: true
  containers:
    - name: web
      image: registry.example.com/web:1.2
",
        good: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  shareProcessNamespace: false
  containers:
    - name: web
      image: registry.example.com/web:1.2
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/tasks/configure-pod-container/share-process-namespace/",
        fields: &["spec.shareProcessNamespace"],
    },
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(workload) = context.workload else { return };
    let shares = workload.pod.spec.boolean("shareProcessNamespace");
    if let Some(shares) = shares.filter(|shares| shares.value) {
        findings.report(shares.span, "the containers see each other's processes");
    }
}

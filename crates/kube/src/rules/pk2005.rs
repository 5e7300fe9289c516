//! Whether a container is ready.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::pod::Sort;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};
use crate::workload::Workload;

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK2005",
        aliases: &[],
        level: Level::Info,
        title: "Say how a container shows that it is ready",
        why: "Without a readiness probe a pod gets requests as soon as its process runs, before it can answer them, at each roll-out anew.",
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
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
    - name: web
      image: registry.example.com/web:1.2
      readinessProbe:
        httpGet:
          path: /ready
          port: 8080
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/",
        fields: &["spec.containers[*].readinessProbe"],
    },
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    if context.workload.is_none_or(Workload::is_job) {
        return;
    }
    let regular = context.containers().filter(|one| one.sort == Sort::Regular);
    for container in regular.filter(|one| one.node.get("readinessProbe").is_none()) {
        let message = format!("container `{}` does not say when it is ready", container.name);
        findings.report(container.head(), message);
    }
}

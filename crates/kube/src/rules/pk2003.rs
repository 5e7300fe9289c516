//! The memory that a container may use.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK2003",
        aliases: &["KSV-0018"],
        level: Level::Warning,
        title: "Limit the memory of a container",
        why: "Without a limit a leak takes the memory of the node, and the kernel ends other pods with it.",
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
      resources:
        limits:
          memory: 128Mi
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
        fields: &["spec.containers[*].resources.limits.memory"],
    },
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for container in context.lasting() {
        let resources = container.node.get("resources");
        let said = |kind| resources.and_then(|one| one.get(kind)?.get("memory"));

        if said("limits").is_none() {
            let message = format!("container `{}` has no memory limit", container.name);
            findings.report(container.head(), message);
        }
    }
}

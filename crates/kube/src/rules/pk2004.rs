//! The cpu that a container may use.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK2004",
        aliases: &["KSV-0011"],
        level: Level::Ignore,
        title: "Limit the CPU of a container",
        why: "Without a limit a container takes all the CPU that the others leave. Many want just that, so this is off by default.",
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
          cpu: 100m
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
        fields: &["spec.containers[*].resources.limits.cpu"],
    },
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for container in context.lasting() {
        let resources = container.node.get("resources");
        let said = |kind| resources.and_then(|one| one.get(kind)?.get("cpu"));

        if said("limits").is_none() {
            let message = format!("container `{}` has no cpu limit", container.name);
            findings.report(container.head(), message);
        }
    }
}

//! The cpu that a container asks for.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK2001",
        aliases: &["KSV-0015"],
        level: Level::Warning,
        title: "Say how much CPU a container needs",
        why: "The scheduler places a pod by its requests. One without any is put on a full node, and gets what the others leave.",
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
        requests:
          cpu: 100m
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
        fields: &["spec.containers[*].resources.requests.cpu"],
    },
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for container in context.lasting() {
        let resources = container.node.get("resources");
        let said = |kind| resources.and_then(|one| one.get(kind)?.get("cpu"));
        // A limit without a request is the request too.
        if said("requests").or_else(|| said("limits")).is_none() {
            let message = format!("container `{}` has no cpu request", container.name);
            findings.report(container.head(), message);
        }
    }
}

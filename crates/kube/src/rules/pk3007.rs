//! Secrets in variables.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::secret::is_given_away;
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK3007",
        aliases: &[],
        level: Level::Error,
        title: "Keep secrets out of manifests",
        why: "A secret in a manifest is in the repository, in its history, and in the answer to everybody who may read the workload.",
        bad: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
    - name: web
      image: registry.example.com/web:1.2
      env:
        - name: DB_PASSWORD
          value: correct-horse
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
      env:
        - name: DB_PASSWORD
          valueFrom:
            secretKeyRef:
              name: db
              key: password
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/configuration/secret/",
        fields: &["spec.containers[*].env[*].value"],
    },
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for container in context.containers() {
        for one in container.node.list("env") {
            let (Some(name), Some(value)) = (one.text("name"), one.text("value")) else {
                continue;
            };
            if is_given_away(name.value, value.value) {
                // The name is shown, never the value.
                let message = format!("variable `{}` holds a secret in the clear", name.value);
                findings.report(name.span, message);
            }
        }
    }
}

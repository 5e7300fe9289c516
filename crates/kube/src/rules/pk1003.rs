//! Pull policies that leave open what runs.

use plimsoll_model::text::Level;

use super::pk1001::moves;
use crate::edit;
use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK1003",
        aliases: &[],
        level: Level::Warning,
        title: "Pull an image whose tag moves, and pull at all",
        why: "With `IfNotPresent` and a tag that moves, each node runs the image that it came across first, and nobody sees which. With `Never` a pod runs whatever lies on the node by that name, or does not start; nobody asks the registry whether the pod may have it. What is none of the three words the API server refuses.",
        bad: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
    - name: web
      image: registry.example.com/web:latest
      imagePullPolicy: IfNotPresent
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
      imagePullPolicy: IfNotPresent
",
        mending: Mending::Unsafe,
        source: "https://kubernetes.io/docs/concepts/containers/images/#image-pull-policy",
        fields: &["spec.containers[*].imagePullPolicy"],
    },
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for container in context.containers() {
        let Some(policy) = container.node.text("imagePullPolicy") else { continue };
        let image = container.node.text("image").map_or("", |image| image.value);
        let always = || {
            edit::set(
                &context.manifest.source,
                container.node,
                &["imagePullPolicy"],
                edit::Tree::Text("Always"),
            )
        };
        match policy.value {
            "IfNotPresent" if moves(image) => {
                let message =
                    format!("`{image}` moves, and a node that has one is content with that");
                findings.report(policy.span, message).unsafe_fix("pull it every time", always());
            }
            "Never" => {
                let message = "the node runs what it has by that name, or nothing";
                findings.report(policy.span, message);
            }
            "Always" | "IfNotPresent" | "" => {}
            other => {
                let message = format!(
                    "`{other}` is no pull policy: it is Always, IfNotPresent or Never; the API server \
                     refuses it"
                );
                findings.report(policy.span, message);
            }
        }
    }
}

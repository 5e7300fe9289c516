//! Images that are not asked for each time.

use plimsoll_model::text::Level;

use super::pk1001::moves;
use crate::edit;
use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK1004",
        aliases: &["CKV_K8S_15"],
        level: Level::Ignore,
        title: "Ask the registry each time a container starts",
        why: "An image that a node has is started by whoever knows its name, without the right to pull it. With `Always` the registry is asked each time; what the node has already is not sent again. The admission plugin `AlwaysPullImages` sets it for all pods.",
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
      imagePullPolicy: Always
",
        mending: Mending::Unsafe,
        source: "https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#alwayspullimages",
        fields: &["spec.containers[*].imagePullPolicy"],
    },
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for container in context.containers() {
        let Some(image) = container.node.text("image") else { continue };
        let policy = container.node.text("imagePullPolicy").filter(|one| !one.value.is_empty());
        // Where nothing is said, what moves is asked for each time.
        let is_asked = policy.map_or(moves(image.value), |policy| policy.value == "Always");
        if is_asked {
            continue;
        }
        let edit = edit::set(
            &context.manifest.source,
            container.node,
            &["imagePullPolicy"],
            edit::Tree::Text("Always"),
        );
        let span = policy.map_or(image.span, |policy| policy.span);
        let message = "what the node has is started without a word to the registry";
        findings.report(span, message).unsafe_fix("ask the registry each time", edit);
    }
}

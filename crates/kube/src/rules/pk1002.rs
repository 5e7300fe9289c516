//! Images that are not pinned.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK1002",
        aliases: &[],
        level: Level::Ignore,
        title: "Pin an image to its digest",
        why: "A tag can be moved to another image by whoever may push; a digest is the image itself.",
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
      image: registry.example.com/web:1.2@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/containers/images/#image-pull-policy",
        fields: &["spec.containers[*].image"],
    },
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for container in context.containers() {
        let image = container.node.text("image");
        if let Some(image) = image.filter(|image| !image.value.contains("@sha256:")) {
            findings.report(image.span, format!("image `{}` is not pinned", image.value));
        }
    }
}

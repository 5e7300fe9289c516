//! Images whose tag moves.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK1001",
        aliases: &["KSV-0013"],
        level: Level::Warning,
        title: "Name the version of an image",
        why: "`latest`, which is also meant where no tag stands, is another image tomorrow: two pods of one deployment may run different programs, and nothing can be rolled back to what ran before.",
        bad: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
    - name: web
      image: registry.example.com/web:latest
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
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/containers/images/#image-names",
        fields: &["spec.containers[*].image"],
    },
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for container in context.containers() {
        let Some(image) = container.node.text("image") else { continue };
        if image.value.is_empty() || image.value.contains('@') {
            continue;
        }
        let name = image.value.rsplit_once('/').map_or(image.value, |(_, name)| name);
        match name.split_once(':') {
            None => {
                let message = format!("image `{}` has no tag, which means `latest`", image.value);
                findings.report(image.span, message);
            }
            Some((_, "latest")) => {
                let message = format!("image `{}` is another one tomorrow", image.value);
                findings.report(image.span, message);
            }
            Some(_) => {}
        }
    }
}

/// Whether a name stands for another image tomorrow.
pub(super) fn moves(image: &str) -> bool {
    let name = image.rsplit_once('/').map_or(image, |(_, name)| name);
    !image.is_empty()
        && !image.contains('@')
        && name.split_once(':').is_none_or(|(_, tag)| tag == "latest")
}

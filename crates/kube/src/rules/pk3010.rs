//! Containers that the kubelet will not start, because they would be root.

use plimsoll_model::text::{Level, Span};

use crate::finding::Findings;
use crate::manifest::Node;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK3010",
        aliases: &[],
        level: Level::Error,
        title: "Name a user other than root where root is refused",
        why: "With `runAsNonRoot: true` the kubelet looks at the user that a container would start as: 0 by `runAsUser`, or root by the image, and the container never starts. A user that the image has by name cannot be checked, and is refused as well. Of well-known images the user is known; `--images` reads the others.",
        bad: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  securityContext:
    runAsNonRoot: true
  containers:
    - name: web
      image: registry.example.com/web:1.2
      securityContext:
        runAsUser: 0
",
        good: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  securityContext:
    runAsNonRoot: true
  containers:
    - name: web
      image: registry.example.com/web:1.2
      securityContext:
        runAsUser: 10001
",
        mending: Mending::None,
        source: "https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/kuberuntime/security_context.go",
        fields: &[
            "spec.securityContext.runAsNonRoot",
            "spec.containers[*].securityContext.runAsNonRoot",
        ],
    },
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(workload) = context.workload else { return };
    let of_pod = workload.pod.security;
    for container in context.containers() {
        let own = container.security;
        let asks = |one: &Node| one.boolean("runAsNonRoot");
        let refused = own.and_then(asks).or_else(|| of_pod.and_then(asks));
        if !refused.is_some_and(|refused| refused.value) {
            continue;
        }
        let user = |one: &Node| one.integer("runAsUser");
        match own.and_then(user).or_else(|| of_pod.and_then(user)) {
            Some(user) if user.value == 0 => {
                let name = container.name;
                let message = format!(
                    "`{name}` will not start: container's runAsUser breaks non-root policy"
                );
                findings.report(user.span, message);
            }
            Some(_) => {}
            None => by_image(context, container.name, container.node, findings),
        }
    }
}

/// What the kubelet says of the user that an image names, word for word.
fn by_image(context: &Context<'_>, name: &str, container: &Node, findings: &mut Findings<'_>) {
    let Some(image) = container.text("image") else { return };
    let Some(user) = context.estate.image_user(image.value) else { return };
    let user = user.split(':').next().unwrap_or_default();
    let says = match user.parse::<u64>() {
        Ok(1..) => return,
        Ok(0) => "container has runAsNonRoot and image will run as root".to_owned(),
        Err(_) if user.is_empty() => {
            "container has runAsNonRoot and image will run as root".to_owned()
        }
        Err(_) => format!(
            "container has runAsNonRoot and image has non-numeric user ({user}), cannot verify user is non-root"
        ),
    };
    let span: Span = image.span;
    findings.report(span, format!("`{name}` will not start: {says}"));
}

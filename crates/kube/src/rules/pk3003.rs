//! The group of root.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::manifest::{Scalar, Value};
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK3003",
        aliases: &["KSV-0116"],
        level: Level::Warning,
        title: "Leave the group of root out",
        why: "Group 0 is root's: files that it may write are writable for the container, on the node's folders too.",
        bad: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  securityContext:
    runAsGroup: 0
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
  securityContext:
    runAsGroup: 10001
  containers:
    - name: web
      image: registry.example.com/web:1.2
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/tasks/configure-pod-container/security-context/",
        fields: &[
            "spec.securityContext.runAsGroup",
            "spec.securityContext.fsGroup",
            "spec.securityContext.supplementalGroups",
            "spec.containers[*].securityContext.runAsGroup",
        ],
    },
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(workload) = context.workload else { return };
    let containers = context.containers().map(|one| one.security);
    for security in std::iter::once(workload.pod.security).chain(containers).flatten() {
        for name in ["runAsGroup", "fsGroup"] {
            if let Some(group) = security.integer(name).filter(|group| group.value == 0) {
                findings.report(group.span, format!("{name} 0 is the group of root"));
            }
        }
        for group in security.list("supplementalGroups") {
            let is_root = |scalar: &Scalar| scalar.as_integer() == Some(0);
            if matches!(&group.value, Value::Scalar(scalar) if is_root(scalar)) {
                findings.report(group.span, "supplemental group 0 is the group of root");
            }
        }
    }
}

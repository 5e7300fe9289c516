//! File systems that can be written.

use plimsoll_model::text::Level;

use crate::edit::{Tree, set};
use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK3001",
        aliases: &["KSV-0014"],
        level: Level::Warning,
        title: "Make the file system of a container read-only",
        why: "Who breaks into a container writes a program and starts it. With a read-only root there is nowhere to write but the volumes that are meant for it.",
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
      securityContext:
        readOnlyRootFilesystem: true
",
        mending: Mending::Unsafe,
        source: "https://kubernetes.io/docs/tasks/configure-pod-container/security-context/",
        fields: &["spec.containers[*].securityContext.readOnlyRootFilesystem"],
    },
    check,
};

const PATH: [&str; 2] = ["securityContext", "readOnlyRootFilesystem"];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(workload) = context.workload.filter(|one| !one.pod.is_windows()) else { return };
    for container in context.containers() {
        let own = container.security.and_then(|one| one.boolean("readOnlyRootFilesystem"));
        if own.is_some_and(|own| own.value) {
            continue;
        }
        let span = own.map_or_else(|| container.security_place(), |own| own.span);
        let edit = set(workload.pod.source, container.node, &PATH, Tree::Word("true"));
        let message = format!("container `{}` can write to its root file system", container.name);
        findings.report(span, message).unsafe_fix("set readOnlyRootFilesystem to true", edit);
    }
}

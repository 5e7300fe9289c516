//! Users that the node has too.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK3002",
        aliases: &["KSV-0020"],
        level: Level::Info,
        title: "Run as a user that the node does not have",
        why: "Without a user namespace user 1000 of a container is user 1000 of the node: what leaves the container owns that user's files. Numbers from 10000 on are rarely taken.",
        bad: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
    - name: web
      image: registry.example.com/web:1.2
      securityContext:
        runAsUser: 1000
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
        runAsUser: 10001
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/tasks/configure-pod-container/security-context/",
        fields: &["spec.securityContext.runAsUser", "spec.containers[*].securityContext.runAsUser"],
    },
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(workload) = context.workload.filter(|one| !one.pod.has_user_namespace()) else {
        return;
    };
    let containers = context.containers().map(|one| one.security);
    for security in std::iter::once(workload.pod.security).chain(containers).flatten() {
        let user = security.integer("runAsUser");
        if let Some(user) = user.filter(|user| (1..10_000).contains(&user.value)) {
            let message = format!("user {} may be one of the node's own", user.value);
            findings.report(user.span, message);
        }
    }
}

//! Ports that are root's.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK4001",
        aliases: &["KSV-0117"],
        level: Level::Info,
        title: "Listen on a port above 1023",
        why: "A port below 1024 takes root or NET_BIND_SERVICE. A service can have port 80 all the same, and lead to 8080.",
        bad: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
    - name: web
      image: registry.example.com/web:1.2
      ports:
        - containerPort: 80
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
      ports:
        - containerPort: 8080
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/services-networking/service/",
        fields: &["spec.containers[*].ports[*].containerPort"],
    },
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for port in context.containers().flat_map(|one| one.node.list("ports")) {
        let port = port.integer("containerPort");
        if let Some(port) = port.filter(|port| (1..1024).contains(&port.value)) {
            let message = format!("port {} takes root or NET_BIND_SERVICE", port.value);
            findings.report(port.span, message);
        }
    }
}

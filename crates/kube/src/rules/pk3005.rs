//! Sockets of the container runtime.

use crate::pod::is_runtime_socket;
use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK3005",
        aliases: &["KSV-0006"],
        level: Level::Error,
        title: "Keep the socket of the container runtime out of pods",
        why: "Who can write to the socket of the runtime starts a privileged container beside the own one: it is the node's root.",
        bad: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  volumes:
    - name: docker
      hostPath:
        path: /var/run/docker.sock
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
  volumes:
    - name: docker
      emptyDir: {}
  containers:
    - name: web
      image: registry.example.com/web:1.2
",
        mending: Mending::None,
        source: "https://owasp.org/www-project-kubernetes-top-ten/",
        fields: &["spec.volumes[*].hostPath.path"],
    },
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let volumes = context.workload.into_iter().flat_map(|one| one.pod.spec.list("volumes"));
    for path in volumes.filter_map(|volume| volume.get("hostPath")?.text("path")) {
        if is_runtime_socket(path.value) {
            let message = format!("`{}` gives the pod the whole node", path.value);
            findings.report(path.span, message);
        }
    }
}

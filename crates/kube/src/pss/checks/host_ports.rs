//! Ports of the node.
//!
//! In a pod with the node's network every port of a container is one of the node: the API server
//! fills `hostPort` in before any policy sees the pod.

use std::collections::BTreeSet;

use plimsoll_model::text::{Level, Safety};

use crate::edit::remove;
use crate::pod::{Pod, Sort};
use crate::pss::check::{Check, Forbidden, Offence, Revision};
use crate::pss::policy::Profile;
use crate::pss::wording::{containers, plural};
use crate::rule::{Mending, Rule};

pub(super) static CHECK: Check = Check {
    rule: Rule {
        id: "hostPorts",
        aliases: &["KSV-0024"],
        level: Level::Error,
        title: "Open no port of the node",
        why: "A port of the node is reached past services and network policies, and only one pod of a node can have it.",
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
        - containerPort: 8080
          hostPort: 8080
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
        mending: Mending::Unsafe,
        source: "https://github.com/kubernetes/pod-security-admission/blob/master/policy/check_hostPorts.go",
        fields: &["spec.containers[*].ports[*].hostPort"],
    },
    profile: Profile::Baseline,
    revisions: &[Revision::since(0, check)],
};

fn check(pod: &Pod<'_>) -> Option<Forbidden> {
    let on_node = pod.spec.boolean("hostNetwork").is_some_and(|one| one.value);
    let (mut offences, mut bad, mut ports) = (Vec::new(), Vec::new(), BTreeSet::new());
    for container in &pod.containers {
        let before = offences.len();
        for port in container.node.list("ports") {
            let own = port.integer("hostPort").filter(|one| one.value != 0);
            let filled_in = on_node && container.sort != Sort::Ephemeral;
            let found = own.or_else(|| port.integer("containerPort").filter(|_| filled_in));
            let Some(found) = found.filter(|one| one.value != 0) else { continue };
            ports.insert(found.value.to_string());
            let edit = own.and_then(|_| remove(pod.source, port, "hostPort"));
            offences.push(Offence::mended(found.span, edit));
        }
        if offences.len() > before {
            bad.push(container.name);
        }
    }
    if bad.is_empty() {
        return None;
    }
    let detail = format!(
        "{} {} {} {}",
        containers(&bad),
        plural("uses", "use", bad.len()),
        plural("hostPort", "hostPorts", ports.len()),
        ports.into_iter().collect::<Vec<_>>().join(", ")
    );
    let forbidden = Forbidden::new("hostPort", detail, offences);
    Some(forbidden.fix("open no port of the node", Safety::Unsafe))
}

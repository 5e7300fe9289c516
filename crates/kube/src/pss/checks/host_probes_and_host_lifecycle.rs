//! Probes and hooks that the kubelet sends elsewhere.

use std::collections::BTreeSet;

use plimsoll_model::text::{Level, Safety};

use crate::edit::remove;
use crate::manifest::Node;
use crate::pod::Pod;
use crate::pss::check::{Check, Forbidden, Offence, Revision};
use crate::pss::policy::Profile;
use crate::pss::wording::{plural, quoted_set};
use crate::rule::{Mending, Rule};

pub(super) static CHECK: Check = Check {
    rule: Rule {
        id: "hostProbesAndHostLifecycle",
        aliases: &[],
        level: Level::Error,
        title: "Let probes and hooks ask the pod itself",
        why: "The kubelet runs probes and hooks from the node. With a host of their own they make it send requests to any address that the node reaches, past every network policy.",
        bad: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
    - name: web
      image: registry.example.com/web:1.2
      livenessProbe:
        httpGet:
          host: 169.254.169.254
          path: /
          port: 80
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
      livenessProbe:
        httpGet:
          path: /
          port: 80
",
        mending: Mending::Unsafe,
        source: "https://github.com/kubernetes/pod-security-admission/blob/master/policy/check_hostProbesAndhostLifecycle.go",
        fields: &[
            "spec.containers[*].livenessProbe.httpGet.host",
            "spec.containers[*].livenessProbe.tcpSocket.host",
            "spec.containers[*].readinessProbe.httpGet.host",
            "spec.containers[*].readinessProbe.tcpSocket.host",
            "spec.containers[*].startupProbe.httpGet.host",
            "spec.containers[*].startupProbe.tcpSocket.host",
            "spec.containers[*].lifecycle.postStart.httpGet.host",
            "spec.containers[*].lifecycle.postStart.tcpSocket.host",
            "spec.containers[*].lifecycle.preStop.httpGet.host",
            "spec.containers[*].lifecycle.preStop.tcpSocket.host",
        ],
    },
    profile: Profile::Baseline,
    revisions: &[Revision::since(34, check)],
};

const HANDLERS: [&[&str]; 5] = [
    &["livenessProbe"],
    &["readinessProbe"],
    &["startupProbe"],
    &["lifecycle", "postStart"],
    &["lifecycle", "preStop"],
];

fn check(pod: &Pod<'_>) -> Option<Forbidden> {
    let (mut offences, mut hosts, mut bad) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for container in &pod.containers {
        for path in HANDLERS {
            let handler = container.node.at(path);
            let asks = |name| handler.and_then(|handler: &Node| handler.get(name));
            for action in ["httpGet", "tcpSocket"].into_iter().filter_map(asks) {
                let Some(host) = action.text("host").filter(|host| !host.value.is_empty()) else {
                    continue;
                };
                hosts.insert(host.value);
                bad.insert(container.name);
                let edit = remove(pod.source, action, "host");
                offences.push(Offence::mended(host.span, edit));
            }
        }
    }
    if offences.is_empty() {
        return None;
    }
    let detail = format!(
        "{} {} {} {} {}",
        plural("container", "containers", bad.len()),
        quoted_set(&bad),
        plural("uses", "use", bad.len()),
        plural("probe or lifecycle host", "probe or lifecycle hosts", hosts.len()),
        quoted_set(&hosts)
    );
    let forbidden = Forbidden::new("probe or lifecycle host", detail, offences);
    Some(forbidden.fix("ask the pod itself", Safety::Unsafe))
}

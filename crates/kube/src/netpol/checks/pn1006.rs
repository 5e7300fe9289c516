//! Names of ports that nobody uses.

use plimsoll_model::text::Level;

use super::super::cluster::Pod;
use super::super::policy::{Direction, Number, Rule as PolicyRule};
use super::{Check, Context, Found};
use crate::rule::{Mending, Rule};

pub(super) static CHECK: Check = Check {
    rule: Rule {
        id: "PN1006",
        aliases: &[],
        level: Level::Warning,
        title: "Name ports as the receiving pods name them",
        why: "A port by name is the port that a container of the receiving pod calls so, with the same protocol. Where no container does, the rule allows nothing there. The name of a Service's port is another one.",
        bad: "apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  containers:
    - name: web
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec:
  podSelector: {}
  ingress:
    - ports: [{port: web}]
",
        good: "apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  containers:
    - name: web
      ports: [{name: http, containerPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec:
  podSelector: {}
  ingress:
    - ports: [{port: http}]
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/",
        fields: &[],
    },
    check,
};

fn check(context: &Context<'_>, found: &mut Found) {
    let network = context.network;
    for (number, _, rule) in context.effective(Direction::Ingress) {
        let pods = context.cluster().pods.iter().enumerate();
        let receivers = pods.filter(|(pod, _)| network.selects(number, *pod)).map(|(_, pod)| pod);
        report(rule, || receivers.clone(), "that the policy selects", found);
    }
    for effective in network.rules(Direction::Egress) {
        let pods = context.cluster().pods.iter().enumerate();
        let receivers = pods.filter(|(pod, _)| match &effective.peers {
            None => true,
            Some(peers) => peers.iter().any(|peer| network.has_peer(*peer, *pod)),
        });
        let receivers = receivers.map(|(_, pod)| pod);
        report(effective.rule, || receivers.clone(), "that the rule is for", found);
    }
}

fn report<'p, I: Iterator<Item = &'p Pod>>(
    rule: &PolicyRule,
    receivers: impl Fn() -> I,
    whose: &str,
    found: &mut Found,
) {
    for port in rule.ports.iter().flatten() {
        let Number::Named(name) = &port.number else { continue };
        let protocol = port.protocol;
        let calls = |pod: &Pod, any_protocol: bool| {
            let is_called = |one: &super::super::ContainerPort| {
                one.name == *name && (any_protocol || one.protocol == protocol)
            };
            pod.ports.iter().any(is_called)
        };
        if receivers().next().is_none() || receivers().any(|pod| calls(pod, false)) {
            continue;
        }
        let other = receivers().any(|pod| calls(pod, true));
        let hint = if other { "; it is there with another protocol" } else { "" };
        let message = format!("no pod {whose} has a {protocol} port `{name}`{hint}");
        found.report(&port.place, message);
    }
}

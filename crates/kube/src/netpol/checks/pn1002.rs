//! Pods that may send, but not ask for names.

use plimsoll_model::text::Level;

use super::super::bits::Bits;
use super::super::policy::{Direction, Number, Policy, Protocol, Rule as PolicyRule, Who};
use super::{Check, Context, Found};
use crate::rule::{Mending, Rule};

pub(super) static CHECK: Check = Check {
    rule: Rule {
        id: "PN1002",
        aliases: &[],
        level: Level::Warning,
        title: "Allow DNS where egress is isolated",
        why: "Once a policy isolates a pod for egress, its questions to the cluster's DNS need a rule too. Without one no name resolves, and whatever else is allowed is reached by address alone.",
        bad: "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
    - to: [{podSelector: {matchLabels: {app: db}}}]
",
        good: "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
    - to: [{podSelector: {matchLabels: {app: db}}}]
    - to:
        - namespaceSelector:
            matchLabels: {kubernetes.io/metadata.name: kube-system}
          podSelector: {matchLabels: {k8s-app: kube-dns}}
      ports:
        - {protocol: UDP, port: 53}
        - {protocol: TCP, port: 53}
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/",
        fields: &[],
    },
    check,
};

fn check(context: &Context<'_>, found: &mut Found) {
    let pods = context.cluster().pods.len();
    let (mut resolves, mut sends) = (Bits::none(pods), Bits::none(pods));
    for (number, policy, rule) in context.effective(Direction::Egress) {
        if let Some(subject) = context.network.subject(number) {
            sends.add(subject);
            if is_dns(policy, rule) {
                resolves.add(subject);
            }
        }
    }
    // Of several policies that select a pod, the first one is told of it.
    let mut told = resolves;
    for (number, policy) in context.policies() {
        let Some(subject) = context.network.subject(number) else { continue };
        if !policy.isolates_egress {
            continue;
        }
        let without = if subject.is_empty() {
            // Nobody is known whom it selects: then the policies decide that select whomever it
            // selects.
            let also = context.policies().map(|(_, other)| other).filter(|other| {
                other.isolates_egress
                    && other.namespace == policy.namespace
                    && policy.subject.implies(&other.subject)
            });
            let rules: Vec<_> =
                also.flat_map(|one| one.egress.iter().map(move |r| (one, r))).collect();
            if policy.egress.is_empty() || rules.iter().any(|(one, rule)| is_dns(one, rule)) {
                continue;
            }
            "the pods that it selects".to_owned()
        } else {
            let mut without = subject.clone();
            without.remove(&told);
            without.keep(&sends);
            let Some(first) = without.iter().next() else { continue };
            told.add(&without);
            let first = context.cluster().pods.get(first).map(super::super::Pod::called);
            let first = first.unwrap_or_default();
            match without.count() {
                1 => first,
                more => format!("{first} and {} more", more - 1),
            }
        };
        found.report(
            &policy.place,
            format!(
                "egress of {without} is isolated and no rule allows DNS (UDP 53): names will not \
                 resolve; allow it to k8s-app=kube-dns in kube-system"
            ),
        );
    }
}

/// Whether a rule may be one that allows DNS.
fn is_dns(policy: &Policy, rule: &PolicyRule) -> bool {
    let port = rule.ports.as_ref().is_none_or(|ports| {
        ports.iter().any(|port| match &port.number {
            // CoreDNS calls its port so.
            Number::Named(name) => port.protocol == Protocol::UDP && name.starts_with("dns"),
            _ => port.has(None, 53, Protocol::UDP),
        })
    });
    let is_server = |who: &Who| match who {
        Who::Addresses { .. } | Who::Pods { namespaces: Some(_), .. } => true,
        Who::Pods { namespaces: None, .. } => {
            policy.namespace == "kube-system" || policy.namespace.contains("dns")
        }
    };
    let peers = rule.peers.as_ref();
    port && peers.is_none_or(|peers| peers.iter().any(|peer| is_server(&peer.who)))
}

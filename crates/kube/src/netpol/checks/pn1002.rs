//! Pods that may send, but not ask for names.

use plimsoll_model::text::Level;

use super::super::admin::{Action, AdminPeer, AdminRule, Tier};
use super::super::bits::Bits;
use super::super::index::Index;
use super::super::policy::{Direction, Number, Policy, Protocol, Rule as PolicyRule, Who};
use super::super::selector::{Labels, Selector};
use super::admin::{in_order, is_nobody, who_meet};
use super::cover::covers_peer;
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
    administrators(context, found);
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

/// Rules of administrators that deny DNS, and none before them may let it pass.
fn administrators(context: &Context<'_>, found: &mut Found) {
    let rules = in_order(context, Direction::Egress);
    let index = Index::new(context.cluster());
    let mut told: Vec<&Who> = Vec::new();
    for asked in rules.iter().filter(|asked| asked.rule.action == Action::Deny) {
        let subject = &asked.policy.subject;
        let is_let = || {
            rules.iter().any(|other| {
                other.rule.action != Action::Deny
                    && !asked.is_before(other)
                    && who_meet(&other.policy.subject, subject)
                    && server(context, other.rule, true)
            })
        };
        if is_nobody(subject)
            || !server(context, asked.rule, false)
            || told.iter().any(|told| covers_peer(told, subject, &Labels::new()))
            || is_let()
        {
            continue;
        }
        // Who is isolated for egress is told of by its network policies, and not by the baseline.
        let mut pods = index.peers("", subject);
        let is_somebody = !pods.is_empty();
        pods.keep(context.network.open(Direction::Egress));
        if asked.policy.tier == Tier::Baseline && is_somebody && pods.is_empty() {
            continue;
        }
        told.push(subject);
        found.report(
            &asked.rule.place,
            "this denies DNS (UDP 53) too, and no rule before it accepts it: names will not resolve; \
             accept it to k8s-app=kube-dns in kube-system in a rule before this one",
        );
    }
}

/// Whether a rule means traffic to the cluster's DNS: for sure, or maybe.
fn server(context: &Context<'_>, rule: &AdminRule, maybe: bool) -> bool {
    let has_port = rule.ports.as_ref().is_none_or(|ports| {
        ports.iter().any(|port| match &port.number {
            Number::Named(name) => maybe && name.starts_with("dns"),
            _ => port.has(None, 53, Protocol::UDP),
        })
    });
    let own = |pairs: &[(&str, &str)]| -> Labels {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let cluster = context.cluster();
    let known = cluster.known_namespaces.contains("kube-system");
    let home = cluster.namespaces.get("kube-system").filter(|_| known).cloned();
    let home = home.unwrap_or_else(|| own(&[("kubernetes.io/metadata.name", "kube-system")]));
    let pod = own(&[("k8s-app", "kube-dns")]);
    let selects = |selector: &Selector, labels: &Labels, all_known: bool| {
        let mut all = selector.requirements.iter();
        // A label that nobody knows of may be there.
        all.all(|one| {
            maybe && !all_known && !labels.contains_key(&one.key)
                || one.test.holds(labels.get(&one.key))
        })
    };
    has_port
        && rule.peers.iter().any(|peer| match peer {
            AdminPeer::Who(Who::Addresses { block, .. }) => maybe || block.is_all(),
            AdminPeer::Who(Who::Pods { pods, namespaces }) => {
                namespaces.as_ref().is_none_or(|it| selects(it, &home, known))
                    && pods.as_ref().is_none_or(|it| selects(it, &pod, false))
            }
            AdminPeer::Nodes(_) => maybe,
            AdminPeer::Domains => false,
        })
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

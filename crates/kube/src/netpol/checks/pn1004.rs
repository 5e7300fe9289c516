//! Policies that change nothing.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::text::Level;

use super::super::policy::{Direction, Policy};
use super::super::selector::Labels;
use super::cover::covers;
use super::{Check, Context, Found};
use crate::rule::{Mending, Rule};

pub(super) static CHECK: Check = Check {
    rule: Rule {
        id: "PN1004",
        aliases: &[],
        level: Level::Info,
        title: "Keep no policy that changes nothing",
        why: "Other policies isolate each pod that this one selects, and their rules allow all that its rules allow: without it the verdicts are the same, in every cluster. Policies only add up, so it takes nothing away either.",
        bad: "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: all}
spec:
  podSelector: {}
  ingress:
    - from: [{podSelector: {}}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
    - from: [{podSelector: {matchLabels: {app: front}}}]
      ports: [{port: 80}]
",
        good: "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: all}
spec:
  podSelector: {}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
    - from: [{podSelector: {matchLabels: {app: front}}}]
      ports: [{port: 80}]
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/services-networking/network-policies/#the-two-sorts-of-pod-isolation",
        fields: &[],
    },
    check,
};

fn check(context: &Context<'_>, found: &mut Found) {
    let mut by_namespace: BTreeMap<&str, Vec<(usize, &Policy)>> = BTreeMap::new();
    for (number, policy) in context.policies() {
        by_namespace.entry(&policy.namespace).or_default().push((number, policy));
    }
    for (namespace, policies) in by_namespace {
        let home = context.cluster().namespaces.get(namespace).cloned().unwrap_or_default();
        let mut gone = BTreeSet::new();
        // Of two that say the same the later one is told of.
        for (number, policy) in policies.iter().rev() {
            if policy.subject.is_contradictory() {
                continue;
            }
            let others: Vec<&Policy> = policies
                .iter()
                .filter(|(other, _)| other != number && !gone.contains(other))
                .map(|(_, other)| *other)
                .filter(|other| policy.subject.implies(&other.subject))
                .collect();
            let Some(by) = replaced(policy, &others, &home) else { continue };
            gone.insert(*number);
            let by: Vec<String> =
                by.iter().map(|other| format!("`{}` ({})", other.name, other.place)).collect();
            let message = format!(
                "without `{}` every verdict is the same: {} isolates the same pods and allows as much",
                policy.name,
                by.join(" with ")
            );
            found.report(&policy.place, message);
        }
    }
}

/// The policies that do all that a policy does, where they do.
fn replaced<'p>(policy: &Policy, others: &[&'p Policy], home: &Labels) -> Option<Vec<&'p Policy>> {
    let mut by: Vec<&'p Policy> = Vec::new();
    let mut take = |other: &'p Policy| {
        if !by.iter().any(|one| std::ptr::eq(*one, other)) {
            by.push(other);
        }
    };
    for direction in Direction::ALL.into_iter().filter(|one| policy.isolates(*one)) {
        let isolating = || others.iter().copied().filter(|other| other.isolates(direction));
        for rule in policy.rules(direction) {
            take(isolating().find(|other| {
                other.rules(direction).iter().any(|other| covers(other, rule, home))
            })?);
        }
        if policy.rules(direction).is_empty() {
            take(isolating().next()?);
        }
    }
    (!by.is_empty()).then_some(by)
}

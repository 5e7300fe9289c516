//! Policies for nobody.

use plimsoll_model::text::Level;

use super::super::index::Index;
use super::admin::is_nobody;
use super::{Check, Context, Found};
use crate::rule::{Mending, Rule};

pub(super) static CHECK: Check = Check {
    rule: Rule {
        id: "PN1003",
        aliases: &[],
        level: Level::Warning,
        title: "Let a policy select the pods that it is for",
        why: "A policy whose selector has a label that no pod of its namespace has isolates nothing: all that it should keep out comes in. It is most often a misspelt label, or a policy without a namespace.",
        bad: "apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {containers: []}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec:
  podSelector: {matchLabels: {app: wbe}}
",
        good: "apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {containers: []}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec:
  podSelector: {matchLabels: {app: web}}
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/services-networking/network-policies/#the-two-sorts-of-pod-isolation",
        fields: &[],
    },
    check,
};

fn check(context: &Context<'_>, found: &mut Found) {
    let cluster = context.cluster();
    for (number, policy) in context.policies() {
        let selector = &policy.subject;
        if selector.is_contradictory() {
            let message = format!("no labels can meet `{selector}`: this isolates nothing");
            found.report(&policy.subject_place, message);
            continue;
        }
        let is_empty = context.network.subject(number).is_none_or(super::super::Bits::is_empty);
        // Without a pod nothing is known.
        if !is_empty || cluster.pods.is_empty() {
            continue;
        }
        let namespace = &policy.namespace;
        let here: Vec<_> = cluster.pods.iter().filter(|pod| pod.namespace == *namespace).collect();
        let on_nodes = here.iter().filter(|pod| selector.selects(&pod.labels)).count();
        let message = if on_nodes > 0 {
            format!(
                "all pods that `{selector}` selects have the network of their node, where a policy has no defined effect"
            )
        } else if here.is_empty() {
            format!("namespace `{namespace}` has none of the pods given: this isolates nothing")
        } else {
            format!(
                "`{selector}` selects none of the {} pods of `{namespace}`: this isolates nothing",
                here.len()
            )
        };
        found.report(&policy.subject_place, message);
    }
    if cluster.admin_policies.is_empty() {
        return;
    }
    let index = Index::new(cluster);
    for policy in &cluster.admin_policies {
        let message = if is_nobody(&policy.subject) {
            format!("no labels can meet the subject of {}: it is about nothing", policy.called())
        } else if !cluster.pods.is_empty() && index.peers("", &policy.subject).is_empty() {
            format!(
                "the subject of {} is none of the {} pods given: it is about nothing",
                policy.called(),
                cluster.pods.len()
            )
        } else {
            continue;
        };
        found.report(&policy.place, message);
    }
}

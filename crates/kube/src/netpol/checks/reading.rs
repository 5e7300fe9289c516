//! What the API server refuses.

use plimsoll_model::text::Level;

use crate::rule::{Mending, Rule};

/// A field that is wrong.
pub(super) static WRONG: Rule = Rule {
    id: "PN0001",
    aliases: &[],
    level: Level::Error,
    title: "Write policies that the API server takes",
    why: "A policy that is refused protects nothing, and one whose misspelt field is dropped says something else than its author meant.",
    bad: "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec:
  podSelector: {}
  ingress:
    - from:
        - ipBlock: {cidr: 10.0.0.0}
",
    good: "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec:
  podSelector: {}
  ingress:
    - from:
        - ipBlock: {cidr: 10.0.0.0/8}
",
    mending: Mending::None,
    source: "https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/",
    fields: &[],
};

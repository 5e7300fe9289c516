//! Rules within a policy that another rule makes idle.

use plimsoll_model::text::Level;

use super::super::policy::Direction;
use super::cover::covers;
use super::{Check, Context, Found};
use crate::rule::{Mending, Rule};

/// Policies with more rules in a direction are passed over: each rule is held against each.
const MAX_RULES: usize = 1_000;

pub(super) static CHECK: Check = Check {
    rule: Rule {
        id: "PN1007",
        aliases: &[],
        level: Level::Info,
        title: "Keep no rule that another one covers",
        why: "Rules add up: what one of them allows is allowed. A rule whose traffic another rule of the policy allows anyway changes nothing, and makes the policy look narrower than it is.",
        bad: "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec:
  podSelector: {}
  ingress:
    - from: [{podSelector: {matchLabels: {app: front}}}]
      ports: [{port: 80}]
    - ports: [{port: 1, endPort: 1024}]
",
        good: "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec:
  podSelector: {}
  ingress:
    - from: [{podSelector: {matchLabels: {app: front}}}]
      ports: [{port: 80}]
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/services-networking/network-policies/",
        fields: &[],
    },
    check,
};

fn check(context: &Context<'_>, found: &mut Found) {
    for (_, policy) in context.policies() {
        let home = context.cluster().namespaces.get(&policy.namespace);
        let home = home.cloned().unwrap_or_default();
        for direction in Direction::ALL.into_iter().filter(|one| policy.isolates(*one)) {
            let rules = policy.rules(direction);
            if rules.len() > MAX_RULES {
                continue;
            }
            for (index, rule) in rules.iter().enumerate() {
                let by = rules.iter().enumerate().find(|(other_index, other)| {
                    // Of two that say the same the later one is told of.
                    *other_index != index
                        && covers(other, rule, &home)
                        && (*other_index < index || !covers(rule, other, &home))
                });
                if let Some((_, other)) = by {
                    let message =
                        format!("the rule at {} allows all that this one allows", other.place);
                    found.report(&rule.place, message);
                }
            }
        }
    }
}

//! Policies of administrators whose order is not defined.

use std::collections::BTreeMap;

use plimsoll_model::text::Level;

use super::super::admin::{AdminPolicy, Tier};
use super::super::policy::Direction;
use super::admin::{Asked, Left, action_name, may_meet, tier_name};
use super::{Check, Context, Found};
use crate::rule::{Mending, Rule};

pub(super) static CHECK: Check = Check {
    rule: Rule {
        id: "PN1010",
        aliases: &[],
        level: Level::Warning,
        title: "Give policies that can mean the same traffic different priorities",
        why: "Which of two policies of one priority is asked first is not defined: where one accepts what the other denies, the network plugin decides, and may decide otherwise after its next update.",
        bad: "apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: closed}
spec:
  priority: 10
  subject: {namespaces: {}}
  ingress:
    - {action: Deny, from: [{namespaces: {}}]}
---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: monitoring}
spec:
  priority: 10
  subject: {namespaces: {}}
  ingress:
    - {action: Allow, from: [{namespaces: {matchLabels: {team: watch}}}]}
",
        good: "apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: closed}
spec:
  priority: 10
  subject: {namespaces: {}}
  ingress:
    - {action: Deny, from: [{namespaces: {}}]}
---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: monitoring}
spec:
  priority: 9
  subject: {namespaces: {}}
  ingress:
    - {action: Allow, from: [{namespaces: {matchLabels: {team: watch}}}]}
",
        mending: Mending::None,
        source: "https://network-policy-api.sigs.k8s.io/reference/spec/",
        fields: &[],
    },
    check,
};

fn check(context: &Context<'_>, found: &mut Found) {
    let mut left = Left::new();
    let mut alike: BTreeMap<(Tier, u16), Vec<&AdminPolicy>> = BTreeMap::new();
    for policy in &context.cluster().admin_policies {
        alike.entry((policy.tier, policy.priority)).or_default().push(policy);
    }
    for ((tier, priority), policies) in alike {
        for (number, policy) in policies.iter().enumerate() {
            let before = policies.get(..number).unwrap_or_default().iter();
            // The same object in two files is no second one.
            let mut before = before.filter(|one| one.called() != policy.called());
            let Some((own, other, direction)) =
                before.find_map(|other| differ(policy, other, &mut left))
            else {
                continue;
            };
            let message = format!(
                "it has priority {priority} of the {} tier, as {} ({}): which of the two is asked first is not defined, and {} rule {} {} what rule {} of the other {}",
                tier_name(tier),
                other.policy.called(),
                other.policy.place,
                direction.name(),
                own.index + 1,
                action_name(own.rule.action),
                other.index + 1,
                action_name(other.rule.action),
            );
            found.report(&policy.place, message);
        }
    }
}

/// A rule of each that may mean the same traffic and do something else with it.
fn differ<'c>(
    one: &'c AdminPolicy,
    other: &'c AdminPolicy,
    left: &mut Left,
) -> Option<(Asked<'c>, Asked<'c>, Direction)> {
    let asked = |policy: &'c AdminPolicy, direction| {
        let rules = policy.rules(direction).iter().enumerate();
        rules.map(move |(index, rule)| Asked { policy, index, rule })
    };
    Direction::ALL.into_iter().find_map(|direction| {
        asked(one, direction).find_map(|own| {
            let mut others = asked(other, direction);
            let met = others.find(|other| {
                own.rule.action != other.rule.action && may_meet(&own, other, left)
            })?;
            Some((own, met, direction))
        })
    })
}

//! Rules of administrators that are never reached.

use plimsoll_model::text::Level;

use super::super::admin::Action;
use super::super::policy::Direction;
use super::admin::{Asked, Left, decided_by, in_order, is_nobody};
use super::{Check, Context, Found};
use crate::rule::{Mending, Rule};

/// How many rules that decide are named.
const MAX_NAMED: usize = 3;

pub(super) static CHECK: Check = Check {
    rule: Rule {
        id: "PN1008",
        aliases: &[],
        level: Level::Warning,
        title: "Keep no administrator's rule that earlier ones always decide",
        why: "Of the rules of administrators the first that means the traffic counts: lower priorities come first, and rules of a policy from top to bottom. A rule whose traffic earlier rules decide altogether is never reached, in any cluster; often it was meant as their exception and stands too late.",
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
  priority: 20
  subject: {namespaces: {}}
  ingress:
    - {action: Allow, from: [{namespaces: {matchLabels: {team: watch}}}]}
",
        good: "apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: closed}
spec:
  priority: 20
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
        mending: Mending::None,
        source: "https://network-policy-api.sigs.k8s.io/api-overview/",
        fields: &[],
    },
    check,
};

fn check(context: &Context<'_>, found: &mut Found) {
    let mut left = Left::new();
    for direction in Direction::ALL {
        let rules = in_order(context, direction);
        for (number, rule) in rules.iter().enumerate() {
            if is_nobody(&rule.policy.subject) {
                continue;
            }
            let before = rules.get(..number).unwrap_or_default();
            let before = deciding(rule, before);
            let Some(by) = decided_by(rule, &before, &mut left) else { continue };
            let named: Vec<String> = by.iter().take(MAX_NAMED).map(|one| one.called()).collect();
            let more = match by.len().saturating_sub(named.len()) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let message = format!(
                "it is never reached: {}{more} {} all that it means",
                named.join(", "),
                if by.len() == 1 { "decides" } else { "decide" },
            );
            found.report(&rule.rule.place, message);
        }
    }
}

/// Of the rules before one those that surely decide what they mean.
fn deciding<'c>(rule: &Asked<'c>, before: &[Asked<'c>]) -> Vec<Asked<'c>> {
    let before = before.iter().filter(|other| other.is_before(rule));
    let is_same = |other: &&Asked<'_>| other.policy.tier == rule.policy.tier;
    let passing: Vec<&Asked<'_>> = before
        .clone()
        .filter(|other| !is_same(other) && other.rule.action == Action::Pass)
        .collect();
    // What an earlier tier may pass on comes to this one after all.
    let decides =
        |other: &&Asked<'_>| is_same(other) || passing.iter().all(|pass| other.is_before(pass));
    before.filter(decides).copied().collect()
}

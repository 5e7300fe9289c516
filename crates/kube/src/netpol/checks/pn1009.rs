//! Rules of administrators that pass on what nobody else would decide.

use plimsoll_model::text::Level;

use super::super::admin::Action;
use super::super::policy::Direction;
use super::admin::{Left, in_order, is_nobody, may_meet, tier_name};
use super::{Check, Context, Found};
use crate::rule::{Mending, Rule};

pub(super) static CHECK: Check = Check {
    rule: Rule {
        id: "PN1009",
        aliases: &[],
        level: Level::Info,
        title: "Pass on only what a later rule would decide",
        why: "`Pass` leaves the rules that follow in its tier unasked. Where none of them can mean the traffic, it would come to the next tier all the same: the rule changes no verdict, in any cluster, and looks as if something stood behind it. Often the rule that it was an exception of comes before it.",
        bad: "apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: closed}
spec:
  priority: 10
  subject: {namespaces: {}}
  ingress:
    - {action: Deny, from: [{namespaces: {matchLabels: {team: guests}}}]}
    - {action: Pass, from: [{namespaces: {matchLabels: {team: shop}}}]}
",
        good: "apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: closed}
spec:
  priority: 10
  subject: {namespaces: {}}
  ingress:
    - {action: Pass, from: [{namespaces: {matchLabels: {team: shop}}}]}
    - {action: Deny, from: [{namespaces: {}}]}
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
        for rule in rules.iter().filter(|rule| rule.rule.action == Action::Pass) {
            if is_nobody(&rule.policy.subject) {
                continue;
            }
            let tier = rule.policy.tier;
            let is_same = |other: &super::admin::Asked<'_>| std::ptr::eq(other.rule, rule.rule);
            let mut later = rules.iter().filter(|other| {
                other.policy.tier == tier && !is_same(other) && !other.is_before(rule)
            });
            if later.any(|other| may_meet(rule, other, &mut left)) || !left.take() {
                continue;
            }
            let message = format!(
                "no rule of the {} tier that is asked after it can mean what it passes on: without it every verdict is the same",
                tier_name(tier)
            );
            found.report(&rule.rule.place, message);
        }
    }
}

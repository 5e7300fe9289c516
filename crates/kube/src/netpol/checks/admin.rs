//! The rules of administrators in the order in which they are asked, and what two of them mean
//! together: told from the rules alone, so that it holds in every cluster.

use super::super::address::Block;
use super::super::admin::{Action, AdminPeer, AdminPolicy, AdminRule, Tier};
use super::super::policy::{Direction, Number, Port, Who};
use super::super::selector::{Labels, Selector};
use super::Context;
use super::cover::{covers_peer, covers_port};

/// How many comparisons one check makes: policies may be made to need more than anybody waits for.
const MAX_COMPARED: u32 = 20_000_000;

/// A rule in its place.
#[derive(Clone, Copy)]
pub(super) struct Asked<'c> {
    pub(super) policy: &'c AdminPolicy,
    pub(super) index: usize,
    pub(super) rule: &'c AdminRule,
}

impl Asked<'_> {
    /// Whether it is asked before the other one, where an order is defined.
    pub(super) fn is_before(&self, other: &Self) -> bool {
        if std::ptr::eq(self.policy, other.policy) {
            return self.index < other.index;
        }
        let rank = |asked: &Self| (asked.policy.tier, asked.policy.priority);
        rank(self) < rank(other)
    }

    /// `AdminNetworkPolicy/deny-all rule 2 (a.yaml:9)`.
    pub(super) fn called(&self) -> String {
        format!("{} rule {} ({})", self.policy.called(), self.index + 1, self.rule.place)
    }
}

/// Comparisons that may still be made.
pub(super) struct Left(u32);

impl Left {
    pub(super) fn new() -> Self {
        Self(MAX_COMPARED)
    }

    /// Whether one more may be made.
    pub(super) fn take(&mut self) -> bool {
        self.0 = self.0.saturating_sub(1);
        self.0 > 0
    }
}

/// The rules of a direction in the order in which they are asked.
pub(super) fn in_order<'c>(context: &Context<'c>, direction: Direction) -> Vec<Asked<'c>> {
    let mut policies: Vec<&AdminPolicy> = context.cluster().admin_policies.iter().collect();
    policies.sort_by_key(|policy| (policy.tier, policy.priority));
    let rules = policies.into_iter().flat_map(|policy| {
        let rules = policy.rules(direction).iter().enumerate();
        rules.map(move |(index, rule)| Asked { policy, index, rule })
    });
    rules.collect()
}

/// Whether nobody can be meant.
pub(super) fn is_nobody(who: &Who) -> bool {
    match who {
        Who::Pods { pods, namespaces } => {
            [pods, namespaces].into_iter().flatten().any(Selector::is_contradictory)
        }
        Who::Addresses { .. } => false,
    }
}

/// The earlier rules that decide all that a rule means, where they do: each of its peers on each of
/// its ports is one of theirs.
pub(super) fn decided_by<'o, 'c>(
    rule: &Asked<'c>,
    earlier: &'o [Asked<'c>],
    left: &mut Left,
) -> Option<Vec<&'o Asked<'c>>> {
    let home = Labels::new();
    let earlier: Vec<&Asked<'_>> = earlier
        .iter()
        .filter(|one| left.take() && covers_peer(&one.policy.subject, &rule.policy.subject, &home))
        .collect();
    let mut by: Vec<&Asked<'_>> = Vec::new();
    for peer in &rule.rule.peers {
        let every = [None];
        let ports: Vec<Option<&Port>> = match &rule.rule.ports {
            Some(ports) => ports.iter().map(Some).collect(),
            None => every.to_vec(),
        };
        for port in ports {
            let first = earlier.iter().find(|one| {
                left.take()
                    && has_port(one.rule, port)
                    && one.rule.peers.iter().any(|other| left.take() && covers(other, peer, &home))
            })?;
            if !by.iter().any(|one| std::ptr::eq(*one, *first)) {
                by.push(first);
            }
        }
    }
    (!by.is_empty()).then_some(by)
}

fn has_port(rule: &AdminRule, port: Option<&Port>) -> bool {
    match (&rule.ports, port) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(ports), Some(port)) => ports.iter().any(|other| covers_port(other, port)),
    }
}

fn covers(other: &AdminPeer, peer: &AdminPeer, home: &Labels) -> bool {
    match (other, peer) {
        (AdminPeer::Who(other), AdminPeer::Who(own)) => covers_peer(other, own, home),
        (AdminPeer::Nodes(other), AdminPeer::Nodes(own)) => own.implies(other),
        _ => false,
    }
}

/// Whether there may be traffic that two rules of one direction mean.
pub(super) fn may_meet(one: &Asked<'_>, other: &Asked<'_>, left: &mut Left) -> bool {
    let ports = match (&one.rule.ports, &other.rule.ports) {
        (Some(own), Some(others)) => {
            own.iter().any(|port| others.iter().any(|other| left.take() && ports_meet(port, other)))
        }
        _ => true,
    };
    ports
        && who_meet(&one.policy.subject, &other.policy.subject)
        && one
            .rule
            .peers
            .iter()
            .any(|peer| other.rule.peers.iter().any(|other| left.take() && peers_meet(peer, other)))
}

fn ports_meet(one: &Port, other: &Port) -> bool {
    one.protocol == other.protocol
        && match (&one.number, &other.number) {
            (Number::Range(first, last), Number::Range(other_first, other_last)) => {
                first <= other_last && other_first <= last
            }
            // One port may have two names, but no pod's policy knows.
            _ => true,
        }
}

fn peers_meet(one: &AdminPeer, other: &AdminPeer) -> bool {
    match (one, other) {
        (AdminPeer::Who(one), AdminPeer::Who(other)) => who_meet(one, other),
        (AdminPeer::Nodes(one), AdminPeer::Nodes(other)) => selectors_meet(Some(one), Some(other)),
        // A pod is no node, unless it has the node's network, and then it is no pod to a selector.
        (AdminPeer::Who(Who::Pods { .. }), AdminPeer::Nodes(_))
        | (AdminPeer::Nodes(_), AdminPeer::Who(Who::Pods { .. })) => false,
        _ => true,
    }
}

/// Whether somebody may be meant by both.
pub(super) fn who_meet(one: &Who, other: &Who) -> bool {
    match (one, other) {
        (
            Who::Pods { pods, namespaces },
            Who::Pods { pods: other_pods, namespaces: other_namespaces },
        ) => {
            selectors_meet(pods.as_ref(), other_pods.as_ref())
                && selectors_meet(namespaces.as_ref(), other_namespaces.as_ref())
        }
        (Who::Addresses { block, .. }, Who::Addresses { block: other, .. }) => meet(block, other),
        _ => true,
    }
}

fn meet(one: &Block, other: &Block) -> bool {
    one.covers(other) || other.covers(one)
}

/// Whether labels may meet both; `None` is all.
fn selectors_meet(one: Option<&Selector>, other: Option<&Selector>) -> bool {
    let both = one.into_iter().chain(other).flat_map(|selector| selector.requirements.clone());
    !Selector { requirements: both.collect() }.is_contradictory()
}

/// The tier in words.
pub(super) fn tier_name(tier: Tier) -> &'static str {
    match tier {
        Tier::Admin => "Admin",
        Tier::Baseline => "Baseline",
    }
}

/// What a rule does, in words.
pub(super) fn action_name(action: Action) -> &'static str {
    match action {
        Action::Accept => "accepts",
        Action::Deny => "denies",
        Action::Pass => "passes on",
    }
}

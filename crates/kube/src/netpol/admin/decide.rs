//! Which rule of an administrator decides.

use std::net::IpAddr;

use super::super::bits::Bits;
use super::super::cluster::{Cluster, Pod};
use super::super::index::Index;
use super::super::policy::{Direction, Port, Protocol, Who};
use super::super::query::{Decision, End};
use super::{Action, AdminPeer, AdminPolicy, AdminRule, Tier};

/// The rules of all policies in the order in which they are asked, with the pods that they mean.
#[derive(Debug, Default)]
pub(in super::super) struct Tiers<'c> {
    rules: Vec<Ranked<'c>>,
}

/// A rule in its place.
#[derive(Debug)]
struct Ranked<'c> {
    policy: &'c AdminPolicy,
    direction: Direction,
    index: usize,
    rule: &'c AdminRule,
    /// The pods that the policy is about.
    subject: std::rc::Rc<Bits>,
    /// The pods among its peers.
    peers: Bits,
    /// The addresses of nodes among its peers.
    nodes: Vec<IpAddr>,
}

impl Ranked<'_> {
    fn has_port(&self, to: Option<&Pod>, number: u16, protocol: Protocol) -> bool {
        let ports = self.rule.ports.as_ref();
        ports.is_none_or(|ports| ports.iter().any(|port| port.has(to, number, protocol)))
    }

    fn means(&self, end: End) -> bool {
        match end {
            End::Pod(pod) => self.peers.contains(pod),
            End::Address(address) => {
                let has = |peer: &AdminPeer| matches!(peer, AdminPeer::Who(who) if who.has_address(address));
                self.nodes.contains(&address.to_canonical()) || self.rule.peers.iter().any(has)
            }
        }
    }
}

impl<'c> Tiers<'c> {
    pub(in super::super) fn new(cluster: &'c Cluster, index: &Index<'c>) -> Self {
        let mut policies: Vec<&AdminPolicy> = cluster.admin_policies.iter().collect();
        policies.sort_by_key(|policy| (policy.tier, policy.priority));
        let mut rules = Vec::new();
        for policy in policies {
            let subject = std::rc::Rc::new(index.peers("", &policy.subject));
            for direction in Direction::ALL {
                for (number, rule) in policy.rules(direction).iter().enumerate() {
                    let nodes = nodes(cluster, rule);
                    let mut peers = Bits::none(cluster.pods.len());
                    for peer in &rule.peers {
                        if let AdminPeer::Who(who) = peer {
                            peers.add(&index.peers("", who));
                        }
                    }
                    for (pod, own) in cluster.pods.iter().enumerate() {
                        if own.addresses.iter().any(|one| nodes.contains(&one.to_canonical())) {
                            peers.insert(pod);
                        }
                    }
                    let subject = std::rc::Rc::clone(&subject);
                    rules.push(Ranked {
                        policy,
                        direction,
                        index: number,
                        rule,
                        subject,
                        peers,
                        nodes,
                    });
                }
            }
        }
        Self { rules }
    }

    /// The ports that rules speak of.
    pub(in super::super) fn ports(&self) -> impl Iterator<Item = &'c Port> {
        self.rules.iter().filter_map(|one| one.rule.ports.as_ref()).flatten()
    }

    /// What the rules of a tier decide for an end; `None` where it is left to the next tier.
    pub(in super::super) fn decide(
        &self,
        tier: Tier,
        direction: Direction,
        (own, other): (usize, End),
        (to, number, protocol): (Option<&Pod>, u16, Protocol),
    ) -> Option<Decision<'c>> {
        let first = self.of(tier, direction).find(|one| {
            one.subject.contains(own) && one.has_port(to, number, protocol) && one.means(other)
        })?;
        (first.rule.action != Action::Pass).then_some(Decision {
            policy: first.policy,
            direction,
            index: first.index,
            action: first.rule.action,
            place: &first.rule.place,
        })
    }

    /// The rules that can be about traffic to a pod, whoever sends it: with equal ones, pods are
    /// alike.
    pub(in super::super) fn about(&self, to: usize) -> Vec<usize> {
        let is_about = |one: &Ranked<'_>| match one.direction {
            Direction::Ingress => one.subject.contains(to),
            Direction::Egress => one.peers.contains(to),
        };
        let rules = self.rules.iter().enumerate();
        rules.filter(|(_, one)| is_about(one)).map(|(number, _)| number).collect()
    }

    /// The policies that have rules on a direction of a pod, each once.
    pub(in super::super) fn on(&self, pod: usize, direction: Direction) -> Vec<&'c AdminPolicy> {
        let rules = self.rules.iter();
        let rules = rules.filter(|one| one.direction == direction && one.subject.contains(pod));
        // The rules of a policy stand together.
        let mut policies: Vec<&AdminPolicy> = rules.map(|one| one.policy).collect();
        policies.dedup_by(|one, other| std::ptr::eq(*one, *other));
        policies
    }

    /// The rules that mean a pod, and whether as the one that they are about or as a peer.
    pub(in super::super) fn meaning(&self, pod: usize) -> Vec<(usize, bool)> {
        let rules = self.rules.iter().enumerate();
        rules
            .flat_map(|(number, one)| {
                let subject = one.subject.contains(pod).then_some((number, true));
                subject.into_iter().chain(one.peers.contains(pod).then_some((number, false)))
            })
            .collect()
    }

    /// Who may send to a port of a pod by all tiers, where `allowed` are those who may by network
    /// policies, and `open` those of whom these say nothing.
    pub(in super::super) fn combine(
        &self,
        direction: Direction,
        (to, pod, number, protocol): (usize, &Pod, u16, Protocol),
        (allowed, open): (&Bits, &Bits),
    ) -> Bits {
        // Who sends is a peer of the receiver's rules, and a subject of its own.
        let senders = |one: &Ranked<'_>| {
            let (is_about, senders) = match direction {
                Direction::Ingress => (one.subject.contains(to), &one.peers),
                Direction::Egress => (one.peers.contains(to), &*one.subject),
            };
            (is_about && one.has_port(Some(pod), number, protocol)).then(|| senders.clone())
        };
        let count = allowed.limit().max(open.limit());
        let mut sure = Bits::none(count);
        let mut left = Bits::all(count);
        let tier = |tier: Tier, left: &mut Bits, sure: &mut Bits| {
            let mut next = Bits::none(count);
            for one in self.of(tier, direction) {
                let Some(mut meant) = senders(one) else { continue };
                meant.keep(left);
                match one.rule.action {
                    Action::Accept => sure.add(&meant),
                    Action::Pass => next.add(&meant),
                    Action::Deny => {}
                }
                left.remove(&meant);
            }
            left.add(&next);
        };
        tier(Tier::Admin, &mut left, &mut sure);
        let mut by_policies = left.clone();
        by_policies.remove(open);
        by_policies.keep(allowed);
        sure.add(&by_policies);
        left.keep(open);
        tier(Tier::Baseline, &mut left, &mut sure);
        sure.add(&left);
        sure
    }

    fn of(&self, tier: Tier, direction: Direction) -> impl Iterator<Item = &Ranked<'c>> {
        self.rules.iter().filter(move |one| one.policy.tier == tier && one.direction == direction)
    }

    /// Whether there is none.
    pub(in super::super) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

/// The addresses of the nodes that a rule means.
fn nodes(cluster: &Cluster, rule: &AdminRule) -> Vec<IpAddr> {
    let selectors = rule.peers.iter().filter_map(|peer| match peer {
        AdminPeer::Nodes(selector) => Some(selector),
        AdminPeer::Who(Who::Pods { .. } | Who::Addresses { .. }) | AdminPeer::Domains => None,
    });
    let meant = selectors
        .flat_map(|selector| cluster.nodes.values().filter(|node| selector.selects(&node.labels)));
    meant.flat_map(|node| &node.addresses).map(IpAddr::to_canonical).collect()
}

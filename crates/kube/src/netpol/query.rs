//! One question: may this traffic pass, and what says so.

use std::net::IpAddr;

use super::admin::{Action, AdminPolicy, Tier};
use super::network::{Effective, Network};
use super::policy::{Direction, Place, Policy, Protocol};

/// Who sends or receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// A pod, by its number in the cluster.
    Pod(usize),
    /// An address outside of the cluster.
    Address(IpAddr),
}

/// Traffic that is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flow {
    /// Who sends.
    pub from: End,
    /// Who receives.
    pub to: End,
    /// The port of the receiver.
    pub port: u16,
    /// The protocol.
    pub protocol: Protocol,
}

/// The answer.
#[derive(Debug, Clone)]
pub struct Verdict<'c> {
    /// Whether sender and receiver are one pod, which no policy keeps from itself.
    pub itself: bool,
    /// What the policies of the receiver say.
    pub ingress: Side<'c>,
    /// What the policies of the sender say.
    pub egress: Side<'c>,
}

impl Verdict<'_> {
    /// Whether the traffic may pass.
    pub fn allowed(&self) -> bool {
        self.ingress.allowed() && self.egress.allowed()
    }
}

/// What the policies of one end say.
#[derive(Debug, Clone)]
pub enum Side<'c> {
    /// It is no pod of the cluster: no policy is asked.
    Outside,
    /// It is one pod with the other end.
    Itself,
    /// It has the network of its node, to which no policy is applied.
    Node,
    /// A rule of an administrator decides it.
    Decided(Decision<'c>),
    /// No policy isolates it in this direction.
    Open,
    /// These rules allow it.
    Allowed(Vec<By<'c>>),
    /// These policies isolate it, and none of their rules allows it.
    Denied(Vec<&'c Policy>),
}

impl Side<'_> {
    /// Whether this end allows it.
    pub fn allowed(&self) -> bool {
        match self {
            Self::Denied(_) => false,
            Self::Decided(decision) => decision.action == Action::Accept,
            Self::Outside | Self::Itself | Self::Node | Self::Open | Self::Allowed(_) => true,
        }
    }
}

/// A rule of an administrator that decides.
#[derive(Debug, Clone)]
pub struct Decision<'c> {
    /// Its policy.
    pub policy: &'c AdminPolicy,
    /// Which way it is.
    pub direction: Direction,
    /// Which of the policy's rules of its direction it is, from 0.
    pub index: usize,
    /// What it does: it accepts or it denies.
    pub action: Action,
    /// Where it stands.
    pub place: &'c Place,
}

/// A rule that allows something.
#[derive(Debug, Clone)]
pub struct By<'c> {
    /// Its policy.
    pub policy: &'c Policy,
    /// Which way it is.
    pub direction: Direction,
    /// Which of the policy's rules of its direction it is, from 0.
    pub index: usize,
    /// Where it stands.
    pub place: &'c Place,
}

impl<'c> Network<'c> {
    /// Whether traffic may pass.
    pub fn ask(&self, flow: Flow) -> Verdict<'c> {
        if flow.from == flow.to {
            let (ingress, egress) = (Side::Itself, Side::Itself);
            return Verdict { itself: true, ingress, egress };
        }
        Verdict {
            itself: false,
            ingress: self.side(flow, Direction::Ingress),
            egress: self.side(flow, Direction::Egress),
        }
    }

    fn side(&self, flow: Flow, direction: Direction) -> Side<'c> {
        let (own, other) = match direction {
            Direction::Ingress => (flow.to, flow.from),
            Direction::Egress => (flow.from, flow.to),
        };
        let End::Pod(pod) = own else { return Side::Outside };
        if self.cluster.pods.get(pod).is_some_and(|pod| pod.host_network) {
            return Side::Node;
        }
        let receiver = match flow.to {
            End::Pod(number) => self.cluster.pods.get(number),
            End::Address(_) => None,
        };
        let decide = |tier| {
            let port = (receiver, flow.port, flow.protocol);
            self.tiers.decide(tier, direction, (pod, other), port).map(Side::Decided)
        };
        if let Some(decided) = decide(Tier::Admin) {
            return decided;
        }
        if self.open(direction).contains(pod) {
            return decide(Tier::Baseline).unwrap_or(Side::Open);
        }
        let rules = self.rules(direction).iter().filter(|rule| {
            self.selects(rule.policy, pod)
                && rule.has_port(receiver, flow.port, flow.protocol)
                && self.means(rule, other)
        });
        let by: Vec<By<'c>> = rules
            .filter_map(|rule| {
                let policy = self.cluster.policies.get(rule.policy)?;
                Some(By { policy, direction, index: rule.index, place: &rule.rule.place })
            })
            .collect();
        if by.is_empty() { Side::Denied(self.isolating(pod, direction)) } else { Side::Allowed(by) }
    }

    /// Whether a rule has this end among its peers.
    fn means(&self, rule: &Effective<'_>, end: End) -> bool {
        match (&rule.peers, end) {
            (None, _) => true,
            (Some(peers), End::Pod(pod)) => peers.iter().any(|peer| self.has_peer(*peer, pod)),
            (Some(_), End::Address(address)) => {
                let peers = rule.rule.peers.iter().flatten();
                peers.into_iter().any(|peer| peer.who.has_address(address))
            }
        }
    }

    /// The policies that isolate a pod in a direction.
    pub fn isolating(&self, pod: usize, direction: Direction) -> Vec<&'c Policy> {
        let policies = self.cluster.policies.iter().enumerate();
        policies
            .filter(|(number, policy)| policy.isolates(direction) && self.selects(*number, pod))
            .map(|(_, policy)| policy)
            .collect()
    }
}

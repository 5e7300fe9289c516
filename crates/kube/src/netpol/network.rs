//! A cluster whose policies are worked out: who isolates whom, and which rule means which pods.

use std::collections::HashMap;

use super::admin::Tiers;
use super::bits::Bits;
use super::cluster::{Cluster, Pod};
use super::index::Index;
use super::policy::{Direction, Number, Policy, Port, Protocol, Rule, Who};

/// A cluster, ready to be asked.
#[derive(Debug)]
pub struct Network<'c> {
    /// What it was made of.
    pub cluster: &'c Cluster,
    /// By pod, what it is called: `shop/web`, with the kind where several have the name.
    names: Vec<String>,
    /// By policy, the pods that it selects.
    pub(super) subjects: Vec<Bits>,
    /// What rules mean by their peers; many rules mean the same.
    pub(super) peers: Vec<Bits>,
    /// The rules that count, in the order of the policies.
    pub(super) ingress: Vec<Effective<'c>>,
    pub(super) egress: Vec<Effective<'c>>,
    /// What administrators say.
    pub(super) tiers: Tiers<'c>,
    /// By direction, the pods that no policy isolates.
    pub(super) open: [Bits; 2],
}

/// A rule of a policy that isolates in the rule's direction.
#[derive(Debug)]
pub(super) struct Effective<'c> {
    /// The number of its policy.
    pub(super) policy: usize,
    /// Which of the policy's rules of its direction it is.
    pub(super) index: usize,
    pub(super) rule: &'c Rule,
    /// Peers of the rule that mean pods, by their number; `None` is everybody.
    pub(super) peers: Option<Vec<usize>>,
}

impl Effective<'_> {
    /// Whether it means traffic to this port of the receiving pod; `None` is no pod, whose ports
    /// have no names.
    pub(super) fn has_port(&self, to: Option<&Pod>, number: u16, protocol: Protocol) -> bool {
        let ports = self.rule.ports.as_ref();
        ports.is_none_or(|ports| ports.iter().any(|port| port.has(to, number, protocol)))
    }
}

impl Port {
    /// Whether it means this port of the receiving pod.
    pub fn has(&self, to: Option<&Pod>, number: u16, protocol: Protocol) -> bool {
        self.protocol == protocol
            && match &self.number {
                Number::Any => true,
                Number::Range(first, last) => (*first..=*last).contains(&number),
                Number::Named(name) => to.is_some_and(|pod| pod.has_port(name, number, protocol)),
            }
    }
}

impl Pod {
    /// Whether a container calls this port so.
    pub fn has_port(&self, name: &str, number: u16, protocol: Protocol) -> bool {
        let mut ports = self.ports.iter();
        ports.any(|port| port.name == name && port.number == number && port.protocol == protocol)
    }
}

impl<'c> Network<'c> {
    /// Works out which pods each policy and each of its rules mean.
    pub fn new(cluster: &'c Cluster) -> Self {
        let index = Index::new(cluster);
        let host_network = index.host_network();
        let mut known = Known { index: &index, peers: Vec::new(), numbers: HashMap::new() };
        let mut open = [Bits::all(cluster.pods.len()), Bits::all(cluster.pods.len())];
        let mut subjects = Vec::with_capacity(cluster.policies.len());
        let (mut ingress, mut egress) = (Vec::new(), Vec::new());
        for (number, policy) in cluster.policies.iter().enumerate() {
            // What a policy does to a pod with the network of its node is not defined; where
            // such a pod is taken for its node, nothing.
            let mut subject = index.pods(&policy.namespace, &policy.subject);
            subject.remove(&host_network);
            for (direction, open) in Direction::ALL.into_iter().zip(&mut open) {
                if !policy.isolates(direction) {
                    continue;
                }
                open.remove(&subject);
                let rules = match direction {
                    Direction::Ingress => &mut ingress,
                    Direction::Egress => &mut egress,
                };
                rules.extend(policy.rules(direction).iter().enumerate().map(|(index, rule)| {
                    let peers = known.numbers(policy, rule);
                    Effective { policy: number, index, rule, peers }
                }));
            }
            subjects.push(subject);
        }
        let peers = known.peers;
        let tiers = Tiers::new(cluster, &index);
        let names = names(cluster);
        Self { cluster, names, subjects, peers, ingress, egress, tiers, open }
    }

    /// The rules of a direction that count.
    pub(super) fn rules(&self, direction: Direction) -> &[Effective<'c>] {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }

    /// The pods that no policy isolates in a direction.
    pub(super) fn open(&self, direction: Direction) -> &Bits {
        let [ingress, egress] = &self.open;
        match direction {
            Direction::Ingress => ingress,
            Direction::Egress => egress,
        }
    }

    /// The pods that no policy isolates, and in which directions; what has the network of its node
    /// is left out, because no policy is for it.
    pub fn open_pods(&self) -> Vec<(usize, Vec<Direction>)> {
        let pods = self.cluster.pods.iter().enumerate().filter(|(_, pod)| !pod.host_network);
        let open = |number: usize| -> Vec<Direction> {
            let directions = Direction::ALL.into_iter();
            directions.filter(|direction| self.open(*direction).contains(number)).collect()
        };
        pods.map(|(number, _)| (number, open(number)))
            .filter(|(_, open)| !open.is_empty())
            .collect()
    }

    /// Whether a policy selects a pod.
    pub fn selects(&self, policy: usize, pod: usize) -> bool {
        self.subjects.get(policy).is_some_and(|subject| subject.contains(pod))
    }

    /// Which pods a policy selects.
    pub fn subject(&self, policy: usize) -> Option<&Bits> {
        self.subjects.get(policy)
    }

    /// Whether a set of peers has a pod.
    pub(super) fn has_peer(&self, peer: usize, pod: usize) -> bool {
        self.peers.get(peer).is_some_and(|peers| peers.contains(pod))
    }

    /// What a pod is called: `shop/web`, or `shop/Deployment/web` where several have the name.
    pub fn name(&self, pod: usize) -> &str {
        self.names.get(pod).map_or("", String::as_str)
    }

    /// The number of a pod, by `NAMESPACE/NAME`, or `NAMESPACE/KIND/NAME` where several have the
    /// name; all that are meant.
    pub fn pods_called(&self, name: &str) -> Vec<usize> {
        let (namespace, rest) = name.split_once('/').unwrap_or(("default", name));
        let (kind, name) = rest.split_once('/').map_or((None, rest), |(one, two)| (Some(one), two));
        let is_meant = |pod: &Pod| {
            pod.namespace == namespace
                && pod.name == name
                && kind.is_none_or(|kind| pod.kind.eq_ignore_ascii_case(kind))
        };
        let pods = self.cluster.pods.iter().enumerate();
        pods.filter(|(_, pod)| is_meant(pod)).map(|(number, _)| number).collect()
    }
}

fn names(cluster: &Cluster) -> Vec<String> {
    let mut counts: HashMap<(&str, &str), u32> = HashMap::new();
    for pod in &cluster.pods {
        let count = counts.entry((&pod.namespace, &pod.name)).or_default();
        *count = count.saturating_add(1);
    }
    let name = |pod: &Pod| match counts.get(&(&*pod.namespace, &*pod.name)) {
        Some(2..) => format!("{}/{}/{}", pod.namespace, pod.kind, pod.name),
        _ => pod.called(),
    };
    cluster.pods.iter().map(name).collect()
}

/// The peers that are known so far.
struct Known<'k, 'c> {
    index: &'k Index<'c>,
    peers: Vec<Bits>,
    /// A peer's number by what it means; the namespace is empty where it decides nothing.
    numbers: HashMap<(&'c str, &'c Who), usize>,
}

impl<'c> Known<'_, 'c> {
    fn numbers(&mut self, policy: &'c Policy, rule: &'c Rule) -> Option<Vec<usize>> {
        let peers = rule.peers.as_ref()?;
        let mut numbers: Vec<usize> = peers
            .iter()
            .map(|peer| {
                let is_local = matches!(peer.who, Who::Pods { namespaces: None, .. });
                let home = if is_local { policy.namespace.as_str() } else { "" };
                *self.numbers.entry((home, &peer.who)).or_insert_with(|| {
                    self.peers.push(self.index.peers(home, &peer.who));
                    self.peers.len() - 1
                })
            })
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        Some(numbers)
    }
}

//! A network as groups of pods that no rule tells apart, and what rules let pass between them.
//!
//! Between two ends that no policy isolates everything passes, which the groups say of themselves. So a
//! link is what a rule lets pass, and a graph has as many of them as policies need.

mod links;

use std::collections::{BTreeSet, HashMap};

use super::bits::Bits;
use super::network::Network;
use super::policy::{Direction, Protocol};
use links::Made;

/// Groups of pods and what passes between them.
#[derive(Debug, Clone)]
pub struct Graph {
    /// What makes pods a group.
    pub grouping: Grouping,
    /// The groups, by namespace and then in the order of the files.
    pub groups: Vec<Group>,
    /// What rules let pass, sorted.
    pub links: Vec<Link>,
}

/// What makes pods a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    /// No question has another answer for one of them.
    Alike,
    /// No rule tells them apart, but they may declare different ports.
    Rules,
    /// They are in one namespace.
    Namespace,
}

/// Pods that are shown as one.
#[derive(Debug, Clone)]
pub struct Group {
    /// Their namespace.
    pub namespace: String,
    /// The pods, by number.
    pub pods: Vec<usize>,
    /// What policies are to them, for ingress and for egress.
    pub doors: [Door; 2],
    /// The ports that they are asked about; number 0 is each that no rule speaks of.
    pub ports: BTreeSet<(u16, Protocol)>,
}

/// What policies are to a direction of the pods of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// None isolates one of them.
    Open,
    /// One isolates each of them.
    Isolated,
    /// Some are isolated.
    Mixed,
    /// They have the network of their node.
    Node,
}

/// What may pass.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// Where it goes to.
    pub to: Target,
    /// Who sends.
    pub from: Source,
    /// Whether only some of the pods may.
    pub partial: bool,
}

/// Who sends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Addresses outside: `any address`, `10.0.0.0/8`.
    Addresses(String),
    /// Every pod whose own egress lets it.
    Everybody,
    /// Every pod of a namespace whose own egress lets it.
    Namespace(String),
    /// The pods of a group, by its number.
    Group(usize),
}

/// Who receives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// A port of the pods of a group.
    Group(usize, u16, Protocol),
    /// Ports of addresses outside: `443`, `53/UDP`, `every port`.
    Addresses(String, String),
}

impl Graph {
    /// The graph of a network with at most `most` groups, where coarser ones can make them so few; these
    /// ports are asked about beside those that pods declare.
    pub fn of(network: &Network<'_>, ports: &[(u16, Protocol)], most: usize) -> Self {
        let alike = classes(network, Grouping::Alike);
        let grouped = [Grouping::Alike, Grouping::Rules, Grouping::Namespace].map(|grouping| {
            let groups = if grouping == Grouping::Alike {
                alike.clone()
            } else {
                classes(network, grouping)
            };
            (grouping, groups)
        });
        let [.., coarsest] = &grouped;
        let (grouping, pods) =
            grouped.iter().find(|(_, groups)| groups.len() <= most).unwrap_or(coarsest).clone();
        let groups: Vec<Group> = pods.into_iter().map(|pods| group(network, pods)).collect();
        let mut made = Made::new(network, groups);
        made.join(ports, &alike);
        let Made { groups, links, .. } = made;
        Self { grouping, groups, links: links.into_iter().collect() }
    }
}

/// The pods in groups, sorted by namespace.
fn classes(network: &Network<'_>, grouping: Grouping) -> Vec<Vec<usize>> {
    let mut known: HashMap<Mark<'_>, usize> = HashMap::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for pod in 0..network.cluster.pods.len() {
        let number = *known.entry(mark(network, pod, grouping)).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(number) {
            group.push(pod);
        }
    }
    let namespace = |group: &Vec<usize>| {
        group
            .first()
            .and_then(|pod| network.cluster.pods.get(*pod))
            .map(|pod| pod.namespace.clone())
    };
    groups.sort_by_key(namespace);
    groups
}

/// What makes pods of one group equal: the namespace, the ports, the policies and peers that mean them,
/// and the rules of administrators.
type Mark<'c> =
    (&'c str, Vec<(u16, Protocol, &'c str)>, Vec<usize>, Vec<usize>, Vec<(usize, bool)>, bool);

fn mark<'c>(network: &Network<'c>, number: usize, grouping: Grouping) -> Mark<'c> {
    let Some(pod) = network.cluster.pods.get(number) else { return Mark::default() };
    if grouping == Grouping::Namespace {
        return (&pod.namespace, Vec::new(), Vec::new(), Vec::new(), Vec::new(), false);
    }
    let numbers = |sets: &[Bits]| -> Vec<usize> {
        let sets = sets.iter().enumerate().filter(|(_, set)| set.contains(number));
        sets.map(|(number, _)| number).collect()
    };
    let mut ports: Vec<_> = if grouping == Grouping::Alike {
        pod.ports.iter().map(|port| (port.number, port.protocol, port.name.as_str())).collect()
    } else {
        Vec::new()
    };
    ports.sort_unstable();
    let (subjects, peers) = (numbers(&network.subjects), numbers(&network.peers));
    (&pod.namespace, ports, subjects, peers, network.tiers.meaning(number), pod.host_network)
}

fn group(network: &Network<'_>, pods: Vec<usize>) -> Group {
    let door = |direction| {
        let mut open = pods.iter().map(|pod| network.open(direction).contains(*pod));
        let is_node =
            |pod: &usize| network.cluster.pods.get(*pod).is_some_and(|pod| pod.host_network);
        match open.next() {
            _ if pods.iter().all(is_node) => Door::Node,
            Some(first) if open.any(|one| one != first) => Door::Mixed,
            Some(false) => Door::Isolated,
            _ => Door::Open,
        }
    };
    let namespace = pods.first().and_then(|pod| network.cluster.pods.get(*pod));
    Group {
        namespace: namespace.map(|pod| pod.namespace.clone()).unwrap_or_default(),
        doors: Direction::ALL.map(door),
        ports: BTreeSet::new(),
        pods,
    }
}

#[cfg(test)]
mod tests;

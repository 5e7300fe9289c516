//! What rules let pass between groups: few links that say it for many pods.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use super::super::bits::Bits;
use super::super::matrix::Matrix;
use super::super::network::{Effective, Network};
use super::super::policy::{Direction, Number, Port, Protocol, Who};
use super::super::query::{End, Flow};
use super::{Door, Group, Link, Source, Target};

/// The number of a port that stands for each that no rule speaks of.
const ANY: u16 = 0;

/// A port that hardly any rule speaks of, to ask about those.
const UNSPOKEN: u16 = 64_999;

/// The most ports that a pod without declared ones is asked about.
const MOST_ASKED: usize = 12;

/// A graph while it is made.
pub(super) struct Made<'n, 'c> {
    network: &'n Network<'c>,
    pub(super) groups: Vec<Group>,
    /// By group, its pods.
    members: Vec<Bits>,
    /// By pod, its group.
    group_of: Vec<usize>,
    pub(super) links: BTreeSet<Link>,
}

/// What was found of a port of a group.
#[derive(Default)]
struct Found {
    /// By sender: how many pairs may pass by a rule, how many may at all, and of how many.
    pairs: BTreeMap<usize, [usize; 3]>,
    /// Groups of which the receiver lets not all in.
    kept_out: BTreeSet<usize>,
    /// Whether a rule can keep somebody from the receiver.
    is_guarded: bool,
}

impl<'n, 'c> Made<'n, 'c> {
    pub(super) fn new(network: &'n Network<'c>, groups: Vec<Group>) -> Self {
        let count = network.cluster.pods.len();
        let members = groups.iter().map(|group| {
            let mut set = Bits::none(count);
            group.pods.iter().for_each(|pod| set.insert(*pod));
            set
        });
        let mut group_of = vec![0; count];
        for (number, group) in groups.iter().enumerate() {
            for pod in &group.pods {
                if let Some(of) = group_of.get_mut(*pod) {
                    *of = number;
                }
            }
        }
        Self { network, members: members.collect(), groups, group_of, links: BTreeSet::new() }
    }

    pub(super) fn join(&mut self, asked: &[(u16, Protocol)], alike: &[Vec<usize>]) {
        let mut matrix = Matrix::new(self.network);
        let mut found: BTreeMap<(usize, u16, Protocol), Found> = BTreeMap::new();
        for class in alike {
            let Some(&to) = class.first() else { continue };
            let Some(&group) = self.group_of.get(to) else { continue };
            let is_open = self.network.open(Direction::Ingress).contains(to)
                && self.network.tiers.about(to).is_empty();
            for (number, protocol) in self.ports(to, asked) {
                let port = if number == ANY { UNSPOKEN } else { number };
                let Some(row) = matrix.row(to, port, protocol) else { continue };
                if let Some(group) = self.groups.get_mut(group) {
                    group.ports.insert((number, protocol));
                }
                let Found { pairs, kept_out, is_guarded } =
                    found.entry((group, number, protocol)).or_default();
                *is_guarded |= !is_open;
                let mut by_rule = row.senders();
                if is_open {
                    by_rule.remove(self.network.open(Direction::Egress));
                }
                for (sender, members) in self.members.iter().enumerate() {
                    // A pod that sends to itself says nothing.
                    let own = usize::from(members.contains(to));
                    let all = self.groups.get(sender).map_or(0, |group| group.pods.len()) - own;
                    let own_by_rule = usize::from(own > 0 && by_rule.contains(to));
                    let [ruled, may, of] = pairs.entry(sender).or_default();
                    *ruled += members.count_both(&by_rule) - own_by_rule;
                    *may += members.count_both(&row.senders()) - own;
                    *of += all;
                    if row.let_in(members) < all + own {
                        kept_out.insert(sender);
                    }
                }
                self.join_outside(group, to, (number, port, protocol));
            }
            self.join_to_outside(group, to);
        }
        for (port, found) in found {
            self.link(port, &found);
        }
    }

    /// Makes links of pairs: few that say it for many.
    fn link(
        &mut self,
        (group, port, protocol): (usize, u16, Protocol),
        Found { pairs, kept_out, is_guarded }: &Found,
    ) {
        let to = Target::Group(group, port, protocol);
        let is_all = |sender: usize| pairs.get(&sender).is_some_and(|[_, may, of]| may == of);
        let is_ruled = |sender: usize| pairs.get(&sender).is_some_and(|[ruled, ..]| *ruled > 0);
        let others = |namespace: Option<&str>| -> Vec<usize> {
            let groups = self.groups.iter().enumerate();
            let groups = groups.filter(|(number, one)| {
                *number != group && namespace.is_none_or(|namespace| one.namespace == namespace)
            });
            groups.map(|(number, _)| number).collect()
        };
        let mut told: BTreeSet<usize> = BTreeSet::new();
        let mut sources: Vec<Source> = Vec::new();
        let namespaces: BTreeSet<String> =
            self.groups.iter().map(|group| group.namespace.clone()).collect();
        let scopes = std::iter::once(None).chain(namespaces.iter().map(Some));
        for scope in scopes {
            let senders = others(scope.map(String::as_str));
            let enough = if scope.is_none() { 3 } else { 2 };
            if senders.len() < enough || senders.iter().all(|one| told.contains(one)) {
                continue;
            }
            let in_fact =
                senders.iter().all(|one| is_all(*one)) && senders.iter().any(|one| is_ruled(*one));
            let by_receiver = *is_guarded
                && !sources.contains(&Source::Everybody)
                && senders.iter().all(|one| !kept_out.contains(one));
            if in_fact || by_receiver {
                sources
                    .push(scope.map_or(Source::Everybody, |name| Source::Namespace(name.clone())));
                // Who is isolated for egress and allows it says more than that all are let in.
                let is_said = |one: &usize| {
                    let egress = self.groups.get(*one).map(|group| group.doors[1]);
                    in_fact || matches!(egress, Some(Door::Open | Door::Node))
                };
                told.extend(senders.into_iter().filter(is_said));
                let is_own = scope.is_none_or(|name| {
                    self.groups.get(group).is_some_and(|group| group.namespace == *name)
                });
                if is_own && is_all(group) {
                    told.insert(group);
                }
            }
        }
        for source in sources {
            self.links.insert(Link { to: to.clone(), from: source, partial: false });
        }
        for (sender, [ruled, may, of]) in pairs {
            if *ruled > 0 && !told.contains(sender) {
                let (from, partial) = (Source::Group(*sender), may < of);
                self.links.insert(Link { to: to.clone(), from, partial });
            }
        }
    }

    /// The ports of a pod that are asked about; where it declares none, those that rules on it speak of.
    fn ports(&self, pod: usize, asked: &[(u16, Protocol)]) -> BTreeSet<(u16, Protocol)> {
        let declared = self.network.cluster.pods.get(pod).map_or(&[][..], |pod| &pod.ports);
        let mut ports: BTreeSet<(u16, Protocol)> = declared
            .iter()
            .map(|port| (port.number, port.protocol))
            .chain(asked.iter().copied())
            .collect();
        if !declared.is_empty() {
            return ports;
        }
        let network = self.network;
        let inward = network.ingress.iter().filter(|rule| network.selects(rule.policy, pod));
        let outward = network.egress.iter().filter(|rule| {
            rule.peers
                .as_ref()
                .is_some_and(|peers| peers.iter().any(|peer| network.has_peer(*peer, pod)))
        });
        let mut is_any = true;
        for port in inward.chain(outward).filter_map(|rule| rule.rule.ports.as_ref()).flatten() {
            if let Number::Range(first, _) = port.number
                && ports.len() < MOST_ASKED
            {
                ports.insert((first, port.protocol));
                is_any = false;
            }
        }
        let is_unspoken = |rule: &Effective<'_>| rule.rule.ports.is_none();
        if is_any
            || network
                .ingress
                .iter()
                .any(|rule| network.selects(rule.policy, pod) && is_unspoken(rule))
        {
            ports.insert((ANY, Protocol::TCP));
        }
        ports
    }

    /// Adds what addresses outside may reach by rules of the receiver.
    fn join_outside(
        &mut self,
        group: usize,
        to: usize,
        (shown, port, protocol): (u16, u16, Protocol),
    ) {
        let network = self.network;
        let pod = network.cluster.pods.get(to);
        for rule in network.ingress.iter().filter(|rule| network.selects(rule.policy, to)) {
            if !rule.has_port(pod, port, protocol) {
                continue;
            }
            for (label, address) in outside(rule) {
                let flow = Flow { from: End::Address(address), to: End::Pod(to), port, protocol };
                if network.ask(flow).allowed() {
                    let to = Target::Group(group, shown, protocol);
                    self.links.insert(Link { to, from: Source::Addresses(label), partial: false });
                }
            }
        }
    }

    /// Adds what a pod may reach outside by rules of its own.
    fn join_to_outside(&mut self, group: usize, from: usize) {
        let network = self.network;
        for rule in network.egress.iter().filter(|rule| network.selects(rule.policy, from)) {
            let ports: Vec<(String, u16, Protocol)> = match &rule.rule.ports {
                None => vec![("every port".to_owned(), UNSPOKEN, Protocol::TCP)],
                Some(ports) => ports.iter().filter_map(shown).collect(),
            };
            for (label, address) in outside(rule) {
                for (shown, port, protocol) in &ports {
                    let (from, to) = (End::Pod(from), End::Address(address));
                    if network.ask(Flow { from, to, port: *port, protocol: *protocol }).allowed() {
                        let to = Target::Addresses(label.clone(), shown.clone());
                        self.links.insert(Link { to, from: Source::Group(group), partial: false });
                    }
                }
            }
        }
    }
}

/// A port outside, where no port has a name, and one to ask about.
fn shown(port: &Port) -> Option<(String, u16, Protocol)> {
    let protocol = port.protocol;
    let behind = if protocol == Protocol::TCP { String::new() } else { format!("/{protocol}") };
    match &port.number {
        Number::Any => Some((format!("every {protocol} port"), UNSPOKEN, protocol)),
        Number::Range(first, last) if first == last => {
            Some((format!("{first}{behind}"), *first, protocol))
        }
        Number::Range(first, last) => Some((format!("{first}-{last}{behind}"), *first, protocol)),
        Number::Named(_) => None,
    }
}

/// The addresses outside that a rule means, and one of them to ask about.
fn outside(rule: &Effective<'_>) -> Vec<(String, IpAddr)> {
    // An address of documentation stands for the Internet.
    let internet = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 1));
    let Some(peers) = &rule.rule.peers else { return vec![("any address".to_owned(), internet)] };
    let one = |who: &Who| {
        let Who::Addresses { block, except } = who else { return None };
        let address = if who.has_address(internet) { internet } else { block.first() };
        let name = match (block.is_all(), except.as_slice()) {
            (true, []) => "any address".to_owned(),
            (true, _) => "all".to_owned(),
            (false, _) => block.to_string(),
        };
        let name = match except.as_slice() {
            [] => name,
            [one] => format!("{name} but {one}"),
            several => format!("{name} but {} blocks", several.len()),
        };
        Some((name, address))
    };
    peers.iter().filter_map(|peer| one(&peer.who)).collect()
}

//! All pairs: for each pod and port, who may reach it.
//!
//! Pods that no rule tells apart share a class, and ports for which the same rules count share a
//! row, so that little is worked out twice. A row has a bit for each sender.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use super::bits::Bits;
use super::cluster::{ContainerPort, Pod};
use super::network::{Effective, Network};
use super::policy::{Direction, Number, Protocol};

/// How much memory rows that may be asked for again are given, in bytes.
const MAX_KEPT: usize = 96 << 20;

/// Who may reach one port of one pod.
#[derive(Debug, Clone)]
pub struct Row {
    /// The pod that receives.
    pub to: usize,
    ingress: Rc<Bits>,
    egress: Rc<Bits>,
}

impl Row {
    /// Whether the policies of the receiver let a pod in.
    pub fn ingress(&self, from: usize) -> bool {
        from == self.to || self.ingress.contains(from)
    }

    /// Whether the sender's own policies let it out to here.
    pub fn egress(&self, from: usize) -> bool {
        from == self.to || self.egress.contains(from)
    }

    /// Whether both allow it.
    pub fn allows(&self, from: usize) -> bool {
        self.ingress(from) && self.egress(from)
    }

    /// How many of these pods the policies of the receiver let in, itself among them.
    pub(super) fn let_in(&self, pods: &Bits) -> usize {
        let itself = pods.contains(self.to) && !self.ingress.contains(self.to);
        self.ingress.count_both(pods) + usize::from(itself)
    }

    /// How many pods may reach it, itself counted.
    pub fn count(&self) -> usize {
        let has_itself = self.ingress.contains(self.to) && self.egress.contains(self.to);
        self.ingress.count_both(&self.egress) + usize::from(!has_itself)
    }

    /// The first of these pods that may reach it, other than itself.
    pub fn first_among(&self, pods: &Bits) -> Option<usize> {
        self.ingress.in_all(&self.egress, pods).find(|from| *from != self.to)
    }

    /// The pods that may reach it, itself among them.
    pub fn senders(&self) -> Bits {
        let mut both = Bits::clone(&self.ingress);
        both.keep(&self.egress);
        both.insert(self.to);
        both
    }
}

/// The rows of a network.
#[derive(Debug)]
pub struct Matrix<'n, 'c> {
    network: &'n Network<'c>,
    /// Names of ports that rules speak of.
    names: BTreeSet<&'c str>,
    /// By pod, its class.
    classes: Vec<usize>,
    /// By class, which rules may count.
    rules: Vec<Rc<Class>>,
    /// The rows that were asked for.
    asked: HashMap<Asked<'c>, (Rc<Bits>, Rc<Bits>)>,
    ingress: Known,
    egress: Known,
}

/// A class, a port, and the names that rules know it by.
type Asked<'c> = (usize, u16, Protocol, Vec<&'c str>);

/// What tells receivers apart.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Class {
    /// The ingress rules of the policies that isolate it; `None` where none does.
    ingress: Option<Vec<usize>>,
    /// The egress rules, of any policy, that have it among their peers.
    egress: Vec<usize>,
    /// The rules of administrators that can be about traffic to it.
    admin: Vec<usize>,
}

/// Rows by what they are made of: sets of peers for ingress, policies for egress; `None` is all.
type Known = HashMap<Option<Vec<usize>>, Rc<Bits>>;

impl<'n, 'c> Matrix<'n, 'c> {
    /// The rows of this network, of which none is worked out yet.
    pub fn new(network: &'n Network<'c>) -> Self {
        let rules = network.ingress.iter().chain(&network.egress);
        let ports = rules.filter_map(|rule| rule.rule.ports.as_ref()).flatten();
        let ports = ports.chain(network.tiers.ports());
        let names = ports.filter_map(|port| match &port.number {
            Number::Named(name) => Some(name.as_str()),
            _ => None,
        });
        let mut matrix = Self {
            network,
            names: names.collect(),
            classes: Vec::new(),
            rules: Vec::new(),
            asked: HashMap::new(),
            ingress: Known::new(),
            egress: Known::new(),
        };
        matrix.classify();
        matrix
    }

    fn classify(&mut self) {
        let network = self.network;
        let mut known: HashMap<Rc<Class>, usize> = HashMap::new();
        for pod in 0..network.cluster.pods.len() {
            let numbered = |rules: &[Effective<'c>], counts: &dyn Fn(&Effective<'c>) -> bool| {
                let rules = rules.iter().enumerate().filter(|(_, rule)| counts(rule));
                rules.map(|(number, _)| number).collect::<Vec<usize>>()
            };
            let isolated = !network.open(Direction::Ingress).contains(pod);
            let selects = |rule: &Effective<'c>| network.selects(rule.policy, pod);
            let ingress = isolated.then(|| numbered(&network.ingress, &selects));
            let is_peer = |rule: &Effective<'c>| {
                let peers = rule.peers.as_ref();
                peers.is_none_or(|peers| peers.iter().any(|peer| network.has_peer(*peer, pod)))
            };
            let class = Rc::new(Class {
                ingress,
                egress: numbered(&network.egress, &is_peer),
                admin: network.tiers.about(pod),
            });
            let number = *known.entry(Rc::clone(&class)).or_insert_with(|| {
                self.rules.push(class);
                self.rules.len() - 1
            });
            self.classes.push(number);
        }
    }

    /// How many classes of receivers there are: within one, no rule but by the name of a port
    /// tells pods apart.
    pub fn classes(&self) -> usize {
        self.rules.len()
    }

    /// Who may reach a port of a pod; `None` where there is no such pod.
    pub fn row(&mut self, to: usize, number: u16, protocol: Protocol) -> Option<Row> {
        let pod = self.network.cluster.pods.get(to)?;
        let class = *self.classes.get(to)?;
        let names = self.names_of(pod, number, protocol);
        let key = (class, number, protocol, names);
        if let Some((ingress, egress)) = self.asked.get(&key) {
            let (ingress, egress) = (Rc::clone(ingress), Rc::clone(egress));
            return Some(Row { to, ingress, egress });
        }
        self.forget();
        let rules = Rc::clone(self.rules.get(class)?);
        let ingress = self.ingress_row(&rules, pod, number, protocol);
        let egress = self.egress_row(&rules, pod, number, protocol);
        let (ingress, egress) = if self.network.tiers.is_empty() {
            (ingress, egress)
        } else {
            let port = (to, pod, number, protocol);
            let tiers = &self.network.tiers;
            let all = self.network.cluster.pods.len();
            // No network policy of the receiver speaks of anybody, or of everybody.
            let open = if rules.ingress.is_none() { Bits::all(all) } else { Bits::none(all) };
            let ingress = tiers.combine(Direction::Ingress, port, (&ingress, &open));
            let open = self.network.open(Direction::Egress);
            let egress = tiers.combine(Direction::Egress, port, (&egress, open));
            (Rc::new(ingress), Rc::new(egress))
        };
        self.asked.insert(key, (Rc::clone(&ingress), Rc::clone(&egress)));
        Some(Row { to, ingress, egress })
    }

    /// The names of a port that rules speak of.
    fn names_of(&self, pod: &'c Pod, number: u16, protocol: Protocol) -> Vec<&'c str> {
        let is_meant = |port: &&ContainerPort| {
            port.number == number && port.protocol == protocol && self.names.contains(&*port.name)
        };
        let mut names: Vec<&str> =
            pod.ports.iter().filter(is_meant).map(|port| &*port.name).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn ingress_row(&mut self, class: &Class, pod: &Pod, port: u16, protocol: Protocol) -> Rc<Bits> {
        let rules = self.network.rules(Direction::Ingress);
        let meant = class.ingress.as_ref().and_then(|numbers| {
            let rules = numbers.iter().filter_map(|number| rules.get(*number));
            let mut peers = Vec::new();
            for rule in rules.filter(|rule| rule.has_port(Some(pod), port, protocol)) {
                peers.extend(rule.peers.as_ref()?);
            }
            peers.sort_unstable();
            peers.dedup();
            Some(peers)
        });
        let network = self.network;
        let row = self.ingress.entry(meant).or_insert_with_key(|meant| {
            let all = network.cluster.pods.len();
            let Some(peers) = meant else { return Rc::new(Bits::all(all)) };
            let sets = peers.iter().filter_map(|peer| network.peers.get(*peer));
            Rc::new(union(Bits::none(all), sets))
        });
        Rc::clone(row)
    }

    fn egress_row(&mut self, class: &Class, pod: &Pod, port: u16, protocol: Protocol) -> Rc<Bits> {
        let rules = self.network.rules(Direction::Egress);
        let meant = class.egress.iter().filter_map(|number| rules.get(*number));
        let meant = meant.filter(|rule| rule.has_port(Some(pod), port, protocol));
        // The rules of a policy stand together, so equal numbers are neighbours.
        let mut policies: Vec<usize> = meant.map(|rule| rule.policy).collect();
        policies.dedup();
        let network = self.network;
        let row = self.egress.entry(Some(policies)).or_insert_with_key(|policies| {
            let policies = policies.iter().flatten();
            let sets = policies.filter_map(|policy| network.subjects.get(*policy));
            Rc::new(union(network.open(Direction::Egress).clone(), sets))
        });
        Rc::clone(row)
    }

    /// Forgets all rows where they would take too much memory.
    fn forget(&mut self) {
        let bytes = self.network.cluster.pods.len() / 8 + 64;
        // Rows that administrators have a part in are kept by what was asked alone.
        let own = if self.network.tiers.is_empty() { 0 } else { self.asked.len() * 2 };
        if (self.ingress.len() + self.egress.len() + own).saturating_mul(bytes) > MAX_KEPT {
            self.ingress.clear();
            self.egress.clear();
            self.asked.clear();
        }
    }
}

fn union<'b>(mut into: Bits, sets: impl Iterator<Item = &'b Bits>) -> Bits {
    for set in sets {
        into.add(set);
    }
    into
}

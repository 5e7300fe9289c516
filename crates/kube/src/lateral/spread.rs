//! Who is come to from where, step by step over ports that are open.

use std::collections::{BTreeSet, VecDeque};

use crate::netpol::{Bits, ContainerPort, Matrix, Network, Number, Protocol, Row};

/// Of more pods it is not worked out which ones others depend on: it takes the square of their number.
const MOST_COUNTED: usize = 2000;

/// A pod that is come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// The pod.
    pub pod: usize,
    /// The pod before it.
    pub from: usize,
    /// The port that is open to it; [`ANY`] where it declares none.
    pub port: ContainerPort,
    /// How many steps it is away.
    pub steps: usize,
    /// How many pods are come to by no other way than over this one.
    /// `None` where there are too many to tell.
    pub only_by_it: Option<usize>,
}

/// All that is come to, the nearest first and then in the order of the files.
pub(super) fn spread(network: &Network<'_>, starts: &[usize]) -> Vec<Reached> {
    let open = Open::new(network);
    let mut reached = walk(&open, starts);
    if reached.len() <= MOST_COUNTED {
        count_dominated(&open, starts, &mut reached);
    }
    reached
}

/// How many are come to.
pub fn count_reached(network: &Network<'_>, starts: &[usize]) -> usize {
    walk(&Open::new(network), starts).len()
}

fn walk(open: &Open, starts: &[usize]) -> Vec<Reached> {
    let count = open.ports.len();
    let mut taken = Bits::none(count);
    for start in starts {
        taken.insert(*start);
    }
    let mut frontier = taken.clone();
    let mut reached: Vec<Reached> = Vec::new();
    let mut steps = 0;
    while !frontier.is_empty() {
        steps += 1;
        let mut next = Bits::none(count);
        for pod in (0..count).filter(|pod| !taken.contains(*pod)) {
            let Some((port, from)) = open.from(pod, &frontier) else { continue };
            reached.push(Reached { pod, from, port: port.clone(), steps, only_by_it: None });
            next.insert(pod);
        }
        taken.add(&next);
        frontier = next;
    }
    reached
}

/// The number of a port that stands for each that no rule speaks of.
pub const ANY: u16 = 0;

/// A port that hardly any rule speaks of, to ask about those.
const UNSPOKEN: u16 = 64_999;

/// The most ports that a pod without declared ones is asked about.
const MOST_ASKED: usize = 32;

/// Where pods may listen that declare no port: declaring one only informs. All that no rule speaks of
/// are one, and each that one speaks of is another.
fn undeclared(network: &Network<'_>) -> Vec<ContainerPort> {
    let policies = network.cluster.policies.iter();
    let rules = policies.flat_map(|policy| policy.ingress.iter().chain(&policy.egress));
    let spoken = rules.filter_map(|rule| rule.ports.as_ref()).flatten();
    let spoken: BTreeSet<(u16, Protocol)> = spoken
        .filter_map(|port| match port.number {
            Number::Range(first, _) => Some((first, port.protocol)),
            Number::Any | Number::Named(_) => None,
        })
        .collect();
    let any = std::iter::once((ANY, Protocol::TCP));
    let asked = any.chain(spoken).take(MOST_ASKED);
    asked
        .map(|(number, protocol)| ContainerPort { number, protocol, name: String::new() })
        .collect()
}

/// For each pod its ports, with who may reach them.
struct Open {
    ports: Vec<Vec<(ContainerPort, Row)>>,
}

impl Open {
    fn new(network: &Network<'_>) -> Self {
        let mut matrix = Matrix::new(network);
        let others = undeclared(network);
        let pods = network.cluster.pods.iter().enumerate();
        let ports = pods.map(|(number, pod)| {
            let declared = if pod.ports.is_empty() { &others } else { &pod.ports };
            let rows = declared.iter().filter_map(|port| {
                let asked = if port.number == ANY { UNSPOKEN } else { port.number };
                Some((port.clone(), matrix.row(number, asked, port.protocol)?))
            });
            rows.collect()
        });
        Self { ports: ports.collect() }
    }

    /// The first port of a pod that one of these may reach, and the first that may.
    fn from(&self, pod: usize, among: &Bits) -> Option<(&ContainerPort, usize)> {
        let mut ports = self.ports.get(pod)?.iter();
        ports.find_map(|(port, row)| Some((port, row.first_among(among)?)))
    }

    /// Whether one may reach another.
    fn is_open(&self, from: usize, to: usize) -> bool {
        let ports = self.ports.get(to).map_or(&[][..], Vec::as_slice);
        ports.iter().any(|(_, row)| row.allows(from))
    }
}

/// Counts for each pod those that are come to over it alone: the dominators of the graph, after Cooper,
/// Harvey and Kennedy, "A Simple, Fast Dominance Algorithm".
fn count_dominated(open: &Open, starts: &[usize], reached: &mut [Reached]) {
    // Places of this order: 0 is where it begins, then those that are reached.
    let places: Vec<usize> = reached.iter().map(|one| one.pod).collect();
    let order = depth_first(open, starts, &places);
    let position = |place: usize| order.iter().position(|it| *it == place);
    let ranks: Vec<usize> =
        (0..places.len()).map(|place| position(place).unwrap_or(0) + 1).collect();
    // By rank: 0 is the beginning and its own dominator.
    let mut above: Vec<Option<usize>> = vec![None; order.len() + 1];
    if let Some(first) = above.first_mut() {
        *first = Some(0);
    }
    let before = |place: usize| -> Vec<usize> {
        let Some(to) = places.get(place) else { return Vec::new() };
        let begins = starts.iter().any(|start| open.is_open(*start, *to)).then_some(0);
        let others = places.iter().enumerate().filter(|(_, from)| *from != to);
        let others = others.filter(|(_, from)| open.is_open(**from, *to));
        begins
            .into_iter()
            .chain(others.filter_map(|(place, _)| ranks.get(place).copied()))
            .collect()
    };
    let all_before: Vec<Vec<usize>> = order.iter().map(|place| before(*place)).collect();
    loop {
        let mut changed = false;
        for (index, before) in all_before.iter().enumerate() {
            let known =
                before.iter().copied().filter(|rank| above.get(*rank).copied().flatten().is_some());
            let found = known.reduce(|a, b| meet(&above, a, b));
            if let (Some(slot), Some(found)) = (above.get_mut(index + 1), found)
                && *slot != Some(found)
            {
                *slot = Some(found);
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    // Those farther down in the order come first, so that each is whole before it is added.
    let mut below = vec![0_usize; above.len()];
    for rank in (1..above.len()).rev() {
        let own = below.get(rank).copied().unwrap_or(0);
        if let Some(over) = above.get(rank).copied().flatten()
            && let Some(slot) = below.get_mut(over)
        {
            *slot += own + 1;
        }
    }
    for (place, one) in reached.iter_mut().enumerate() {
        let rank = ranks.get(place).copied().unwrap_or(0);
        one.only_by_it = below.get(rank).copied();
    }
}

/// Places in reverse postorder: what leads to others stands before them.
fn depth_first(open: &Open, starts: &[usize], places: &[usize]) -> Vec<usize> {
    let mut seen = vec![false; places.len()];
    let mut order = VecDeque::new();
    let next = |from: &[usize], seen: &[bool]| {
        places.iter().enumerate().position(|(place, to)| {
            !seen.get(place).copied().unwrap_or(true)
                && from.iter().any(|from| open.is_open(*from, *to))
        })
    };
    let mut stack: Vec<usize> = Vec::new();
    loop {
        let from = match stack.last().and_then(|place| places.get(*place)) {
            Some(pod) => vec![*pod],
            None => starts.to_vec(),
        };
        if let Some(place) = next(&from, &seen) {
            if let Some(slot) = seen.get_mut(place) {
                *slot = true;
            }
            stack.push(place);
        } else if let Some(done) = stack.pop() {
            order.push_front(done);
        } else {
            return order.into();
        }
    }
}

/// The nearest that is above both.
fn meet(above: &[Option<usize>], mut a: usize, mut b: usize) -> usize {
    let up = |rank: usize| above.get(rank).copied().flatten().unwrap_or(0);
    while a != b {
        while a > b {
            a = up(a);
        }
        while b > a {
            b = up(b);
        }
    }
    a
}

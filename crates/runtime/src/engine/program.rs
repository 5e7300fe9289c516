//! The rules for events of one type: which of them an event can concern at all, and what is asked
//! of those.
//!
//! A rule such as `proc.name in (a, b) and …` cannot hold for another name. So each rule is filed
//! under the values, or the parts of texts, without which it cannot hold; of several such covers
//! the one that fewest rules name. An event is judged by the rules that its values are filed under
//! and by those that have no cover.

use std::collections::{BTreeMap, HashMap};

use super::compare::How;
use super::graph::{Graph, Node};
use super::lookup::{Key, Part, Parts, RulesByPart, Table, keys, part};
use super::operand::From;
use crate::events::EventCode;

/// How deep a condition may be to be judged by recursion.
const SHALLOW: u32 = 100;
/// From how many tests of one field on a table is made of their values.
const TABLE_FROM: usize = 2;
/// From how many rules on the parts of one field's texts are sought all at once.
const PARTS_FROM: usize = 8;

/// A rule for one type of events.
#[derive(Debug)]
pub(super) struct Judged {
    /// Its number among all rules.
    pub(super) rule: u32,
    pub(super) root: u32,
    /// Of a deep condition all its nodes in order.
    pub(super) order: Option<Box<[u32]>>,
}

/// A side of which values are looked up.
#[derive(Debug, Default)]
pub(super) struct Lookup {
    pub(super) side: u32,
    pub(super) table: Option<Table>,
    pub(super) parts: Option<Parts>,
}

/// The rules for events of one type.
#[derive(Debug, Default)]
pub(super) struct Program {
    /// By number, which is their order.
    pub(super) rules: Vec<Judged>,
    /// Places in `rules` of those that have no cover.
    pub(super) always: Vec<u32>,
    /// The sides that rules are filed under.
    pub(super) lookups: Vec<Lookup>,
    /// By side: its place among the values that an event is asked for, from 1.
    pub(super) slots: Vec<u16>,
    pub(super) slot_count: usize,
    /// By slot: the place in `lookups`, from 1.
    pub(super) tables: Vec<u16>,
}

/// What a rule may be filed under.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Atom {
    Text(u32, Box<[u8]>),
    Number(u32, i128),
    Address(u32, std::net::IpAddr),
    Part(u32, Part, Box<[u8]>),
}

impl Atom {
    fn new(side: u32, key: Key<'_>) -> Self {
        match key {
            Key::Text(text) => Self::Text(side, text.into()),
            Key::Number(number) => Self::Number(side, number),
            Key::Address(address) => Self::Address(side, address),
        }
    }
}

impl Program {
    /// The program for these rules, given by number and condition.
    pub(super) fn new(graph: &mut Graph, code: EventCode, rules: &[(u32, u32)]) -> Self {
        let mut seen = Vec::new();
        let mut folded = HashMap::new();
        let mut judged = Vec::new();
        let mut parts = Vec::new();
        for (rule, root) in rules {
            let root = graph.for_type(*root, code, &mut folded, &mut seen);
            if *graph.node(root) == Node::Const(false) {
                continue;
            }
            let nodes = graph.parts(root, &mut seen);
            let depth = graph.depths.get(root as usize).copied().unwrap_or(0);
            let order = (depth > SHALLOW).then(|| nodes.clone().into_boxed_slice());
            judged.push(Judged { rule: *rule, root, order });
            parts.push(nodes);
        }
        let mut program = Self { rules: judged, ..Self::default() };
        program.number_sides(graph, &parts);
        let covers = covers(graph, &program.rules, &parts);
        program.file(graph, &parts, covers);
        program
    }

    fn number_sides(&mut self, graph: &Graph, parts: &[Vec<u32>]) {
        self.slots = vec![0; graph.sides.all.len()];
        let mut open: Vec<u32> = Vec::new();
        for node in parts.iter().flatten() {
            if let Node::Test(test) = graph.node(*node)
                && let Some(test) = graph.test(*test)
            {
                open.push(test.side);
                if let How::Other(_, other) = test.how {
                    open.push(other);
                }
            }
            while let Some(side) = open.pop() {
                let Some(slot) = self.slots.get_mut(side as usize).filter(|it| **it == 0) else {
                    continue;
                };
                self.slot_count = self.slot_count.saturating_add(1);
                *slot = u16::try_from(self.slot_count).unwrap_or(0);
                if let Some(From::Transformed { of, .. } | From::List(of)) =
                    graph.sides.get(side).map(|side| &side.from)
                {
                    open.extend_from_slice(of);
                }
            }
        }
    }

    /// Files every rule under its cover, and every test under its values.
    fn file(&mut self, graph: &Graph, parts: &[Vec<u32>], covers: Vec<Option<Vec<Atom>>>) {
        let mut tables: BTreeMap<u32, Table> = BTreeMap::new();
        let mut texts: BTreeMap<u32, RulesByPart> = BTreeMap::new();
        for (at, cover) in covers.into_iter().enumerate() {
            let Ok(at) = u32::try_from(at) else { break };
            let Some(cover) = cover else {
                self.always.push(at);
                continue;
            };
            for atom in cover {
                let (side, key) = match &atom {
                    Atom::Part(side, part, text) => {
                        let key = (*part, text.clone());
                        texts.entry(*side).or_default().entry(key).or_default().push(at);
                        continue;
                    }
                    Atom::Text(side, text) => (*side, Key::Text(text)),
                    Atom::Number(side, number) => (*side, Key::Number(*number)),
                    Atom::Address(side, address) => (*side, Key::Address(*address)),
                };
                let table = tables.entry(side).or_default();
                table.has_rules = true;
                table.entry(key).rules.push(at);
            }
        }
        let mut by_side: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        let mut asked: Vec<u32> = parts
            .iter()
            .flatten()
            .filter_map(|node| match graph.node(*node) {
                Node::Test(test) => Some(*test),
                _ => None,
            })
            .collect();
        asked.sort_unstable();
        asked.dedup();
        for test in asked {
            if let Some(comparison) = graph.test(test)
                && keys(comparison).is_some()
                && graph.sides.get(comparison.side).is_some_and(|side| !side.list)
            {
                by_side.entry(comparison.side).or_default().push(test);
            }
        }
        for (side, tests) in by_side {
            if tests.len() < TABLE_FROM && !tables.contains_key(&side) {
                continue;
            }
            let table = tables.entry(side).or_default();
            for test in tests {
                for key in graph.test(test).and_then(keys).unwrap_or_default() {
                    table.entry(key).tests.push(test);
                }
            }
        }
        self.tables = vec![0; self.slot_count.saturating_add(1)];
        let mut lookups: BTreeMap<u32, Lookup> = BTreeMap::new();
        for (side, table) in tables {
            lookups.entry(side).or_default().table = Some(table);
        }
        for (side, parts) in texts {
            if parts.values().map(Vec::len).sum::<usize>() < PARTS_FROM {
                self.always.extend(parts.into_values().flatten());
                continue;
            }
            let mut rules: Vec<u32> = parts.values().flatten().copied().collect();
            match Parts::new(parts) {
                Some(parts) => lookups.entry(side).or_default().parts = Some(parts),
                None => self.always.append(&mut rules),
            }
        }
        self.always.sort_unstable();
        self.always.dedup();
        for (side, mut lookup) in lookups {
            lookup.side = side;
            self.lookups.push(lookup);
            let slot = self.slots.get(side as usize).copied().unwrap_or(0);
            if let Some(place) = self.tables.get_mut(usize::from(slot)) {
                *place = u16::try_from(self.lookups.len()).unwrap_or(0);
            }
        }
    }
}

/// For each rule what it may be filed under; none where it can hold whatever an event has.
pub(super) fn covers(
    graph: &Graph,
    rules: &[Judged],
    parts: &[Vec<u32>],
) -> Vec<Option<Vec<Atom>>> {
    // How many rules name a value: the fewer, the rarer it will be asked for in vain.
    let mut named: HashMap<u32, u64> = HashMap::new();
    let mut weights: HashMap<Atom, u64> = HashMap::new();
    for node in parts.iter().flatten() {
        if let Node::Test(test) = graph.node(*node) {
            let count = named.entry(*test).or_default();
            *count = count.saturating_add(1);
        }
    }
    for (test, count) in &named {
        for atom in atoms(graph, *test).unwrap_or_default() {
            let weight = weights.entry(atom).or_default();
            *weight = weight.saturating_add(*count);
        }
    }
    let mut known: HashMap<u32, Option<(Vec<Atom>, u64)>> = HashMap::new();
    for node in parts.iter().flatten() {
        if known.contains_key(node) {
            continue;
        }
        let cover = match graph.node(*node) {
            Node::Const(_) | Node::Not(_) => None,
            Node::Test(test) => atoms(graph, *test).map(|atoms| {
                let weight = atoms.iter().map(|atom| {
                    let factor = if matches!(atom, Atom::Part(..)) { 4 } else { 1 };
                    weights.get(atom).copied().unwrap_or(0).saturating_mul(factor)
                });
                let weight = weight.sum();
                (atoms, weight)
            }),
            Node::And(children) => children
                .iter()
                .filter_map(|child| known.get(child)?.as_ref())
                .min_by_key(|(_, weight)| *weight)
                .cloned(),
            Node::Or(children) => {
                let all: Option<Vec<_>> =
                    children.iter().map(|child| known.get(child)?.as_ref()).collect();
                all.map(|all| {
                    let mut atoms = Vec::new();
                    let mut weight = 0_u64;
                    for (own, of) in all {
                        atoms.extend_from_slice(own);
                        weight = weight.saturating_add(*of);
                    }
                    (atoms, weight)
                })
                .filter(|(atoms, _)| atoms.len() <= MAX_ATOMS)
            }
        };
        known.insert(*node, cover);
    }
    rules
        .iter()
        .map(|rule| {
            let (mut atoms, _) = known.get(&rule.root)?.clone()?;
            let mut seen = std::collections::HashSet::new();
            atoms.retain(|atom| seen.insert(atom.clone()));
            Some(atoms)
        })
        .collect()
}

/// How many values a rule may be filed under.
const MAX_ATOMS: usize = 4_096;

fn atoms(graph: &Graph, test: u32) -> Option<Vec<Atom>> {
    let comparison = graph.test(test)?;
    let side = comparison.side;
    if let Some(keys) = keys(comparison) {
        return Some(keys.into_iter().map(|key| Atom::new(side, key)).collect());
    }
    let (place, needle) = part(comparison)?;
    Some(vec![Atom::Part(side, place, needle.into())])
}

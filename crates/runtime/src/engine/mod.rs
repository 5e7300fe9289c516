//! Compiled rules, and the rules that an event breaks.
//!
//! ```text
//! rules → graph (shared parts) → program of an event type → candidates → the rules that hold
//! ```
//!
//! A program is made when the first event of its type comes. After that an event that no rule holds
//! for costs no allocation: values borrow from the event or from an arena that is emptied before
//! the next.

mod compare;
pub(crate) mod constant;
mod filing;
mod getopt;
mod glob;
mod graph;
mod lookup;
pub(crate) mod operand;
mod paths;
mod program;

use crate::event::{Arena, Event, Value, Values};
use crate::events::EventCode;
use crate::fields::Source;
use crate::loader::Rule;
pub use filing::{Filing, Under};
use graph::{Graph, Node};
use lookup::Meaning;
use operand::Reading;
use program::{Judged, Program};

/// Which of the rules that hold for an event are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Matching {
    /// The first in the order of the rules, as Falco does unless it is told otherwise.
    First,
    /// Every one.
    #[default]
    All,
}

/// Rules that events are judged by.
///
/// An engine belongs to one thread.
#[derive(Debug)]
pub struct Engine {
    matching: Matching,
    host: Option<String>,
    sources: Vec<OfSource>,
    arena: Arena,
    slots: Vec<Slot<'static>>,
    candidates: Vec<u32>,
}

/// The rules of one source.
#[derive(Debug)]
struct OfSource {
    source: Source,
    graph: Graph,
    rules: Vec<Compiled>,
    programs: Vec<Option<Box<Program>>>,
    /// By node: what came of it for which event, see [`Memo`].
    memo: Memo,
}

#[derive(Debug)]
struct Compiled {
    number: u32,
    root: u32,
    types: Option<Vec<EventCode>>,
}

/// What was found for the event that is judged: `generation * 2 + result` by node.
#[derive(Debug, Default)]
struct Memo {
    generation: u32,
    found: Vec<u32>,
}

impl Memo {
    fn next_event(&mut self, nodes: usize) {
        self.generation = self.generation.wrapping_add(1) & (u32::MAX >> 1);
        if self.generation == 0 {
            self.found.fill(0);
            self.generation = 1;
        }
        if self.found.len() < nodes {
            self.found.resize(nodes, 0);
        }
    }

    fn get(&self, node: u32) -> Option<bool> {
        let found = *self.found.get(node as usize)?;
        (found >> 1 == self.generation).then_some(found & 1 == 1)
    }

    fn set(&mut self, node: u32, result: bool) {
        if let Some(found) = self.found.get_mut(node as usize) {
            *found = self.generation << 1 | u32::from(result);
        }
    }
}

/// What is known of a side in the event that is judged.
#[derive(Debug, Clone, Copy, Default)]
struct Slot<'e> {
    is_read: bool,
    values: Values<'e>,
    is_looked_up: bool,
    /// What its value means.
    meaning: Option<&'e Meaning>,
}

impl Engine {
    /// Compiles rules; where one stands in `rules` is its number.
    pub fn new<'r>(rules: impl IntoIterator<Item = &'r Rule>, matching: Matching) -> Self {
        let mut sources: Vec<OfSource> = Vec::new();
        for (number, rule) in rules.into_iter().enumerate() {
            let Ok(number) = u32::try_from(number) else { break };
            if !sources.iter().any(|known| known.source == rule.source) {
                sources.push(OfSource::new(rule.source));
            }
            let Some(own) = sources.iter_mut().find(|known| known.source == rule.source) else {
                continue;
            };
            let root = own.graph.add(&rule.condition);
            let types = rule
                .event_types
                .as_ref()
                .map(|names| names.iter().filter_map(|name| EventCode::named(name)).collect());
            own.rules.push(Compiled { number, root, types });
        }
        Self {
            matching,
            host: None,
            sources,
            arena: Arena::new(),
            slots: Vec::new(),
            candidates: Vec::new(),
        }
    }

    /// Says what `evt.hostname` is of events that do not say where they were recorded.
    #[must_use]
    pub fn with_host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// The numbers of the rules that hold for an event, into a list that is emptied before.
    pub fn judge(&mut self, event: &dyn Event, matched: &mut Vec<usize>) {
        matched.clear();
        let source = event.source();
        let Some(own) = self.sources.iter_mut().find(|known| known.source == source) else {
            return;
        };
        let code = event.code();
        own.prepare(code);
        let Some(Some(program)) = own.programs.get(code.index()) else { return };
        if program.rules.is_empty() {
            return;
        }
        self.arena.reset();
        own.memo.next_event(own.graph.nodes.len());
        let mut slots: Vec<Slot<'_>> = recycled(std::mem::take(&mut self.slots));
        slots.resize(program.slot_count, Slot::default());
        let mut judging = Judging {
            graph: &own.graph,
            program,
            memo: &mut own.memo,
            reading: Reading { event, arena: &self.arena, host: self.host.as_deref() },
            slots,
        };
        judging.candidates(&mut self.candidates);
        let mut always = program.always.iter().copied().peekable();
        let mut filed = self.candidates.iter().copied().peekable();
        let mut last = None;
        loop {
            // Both are sorted, so that the rules are judged in their order.
            let next = match (always.peek(), filed.peek()) {
                (Some(one), Some(other)) if one <= other => always.next(),
                (Some(_), None) => always.next(),
                (_, Some(_)) => filed.next(),
                (None, None) => None,
            };
            let Some(at) = next else { break };
            if last.replace(at) == Some(at) {
                continue;
            }
            let Some(rule) = program.rules.get(at as usize) else { continue };
            if judging.holds(rule) {
                matched.push(rule.rule as usize);
                if self.matching == Matching::First {
                    break;
                }
            }
        }
        self.slots = recycled(judging.slots);
    }

    /// Makes the programs of these types before their first events come.
    pub fn prepare(&mut self, source: Source, codes: impl IntoIterator<Item = EventCode>) {
        if let Some(own) = self.sources.iter_mut().find(|known| known.source == source) {
            codes.into_iter().for_each(|code| own.prepare(code));
        }
    }
}

/// The memory of a list whose values are gone.
fn recycled<'to>(mut slots: Vec<Slot<'_>>) -> Vec<Slot<'to>> {
    slots.clear();
    slots.into_iter().map(|_| Slot::default()).collect()
}

impl OfSource {
    fn new(source: Source) -> Self {
        let mut programs = Vec::new();
        programs.resize_with(EventCode::count(), || None);
        Self {
            source,
            graph: Graph::new(source),
            rules: Vec::new(),
            programs,
            memo: Memo::default(),
        }
    }

    fn prepare(&mut self, code: EventCode) {
        let Some(place) = self.programs.get_mut(code.index()).filter(|place| place.is_none())
        else {
            return;
        };
        let rules: Vec<(u32, u32)> = self
            .rules
            .iter()
            .filter(|rule| rule.types.as_ref().is_none_or(|types| types.contains(&code)))
            .map(|rule| (rule.number, rule.root))
            .collect();
        *place = Some(Box::new(Program::new(&mut self.graph, code, &rules)));
    }
}

/// An event that is being judged.
struct Judging<'e, 'm> {
    graph: &'e Graph,
    program: &'e Program,
    memo: &'m mut Memo,
    reading: Reading<'e>,
    slots: Vec<Slot<'e>>,
}

impl<'e> Judging<'e, '_> {
    /// The rules that the event's values are filed under, sorted.
    fn candidates(&mut self, into: &mut Vec<u32>) {
        into.clear();
        for lookup in &self.program.lookups {
            let has_rules = lookup.table.as_ref().is_some_and(|table| table.has_rules);
            if !has_rules && lookup.parts.is_none() {
                continue;
            }
            match self.values(lookup.side) {
                Values::Absent => {}
                Values::One(value) => {
                    if has_rules && let Some(meaning) = self.meaning(lookup.side, value) {
                        into.extend_from_slice(&meaning.rules);
                    }
                    if let (Some(parts), Some(text)) = (&lookup.parts, value.bytes()) {
                        parts.rules_for(text, into);
                    }
                }
                Values::Many(values) => {
                    for value in values {
                        if let Some(table) = &lookup.table
                            && let Some(meaning) = table.get(*value)
                        {
                            into.extend_from_slice(&meaning.rules);
                        }
                        if let (Some(parts), Some(text)) = (&lookup.parts, value.bytes()) {
                            parts.rules_for(text, into);
                        }
                    }
                }
            }
        }
        into.sort_unstable();
        into.dedup();
    }

    fn slot(&mut self, side: u32) -> Option<&mut Slot<'e>> {
        let slot = *self.program.slots.get(side as usize)?;
        self.slots.get_mut(usize::from(slot).checked_sub(1)?)
    }

    /// The values of a side, read once an event.
    fn values(&mut self, side: u32) -> Values<'e> {
        match self.slot(side) {
            Some(slot) if slot.is_read => return slot.values,
            _ => {}
        }
        let Some(own) = self.graph.sides.get(side) else { return Values::Absent };
        let values = operand::values(own, self.reading, |other| self.values(other));
        if let Some(slot) = self.slot(side) {
            slot.values = values;
            slot.is_read = true;
        }
        values
    }

    /// What the one value of a side means.
    fn meaning(&mut self, side: u32, value: Value<'e>) -> Option<&'e Meaning> {
        let program = self.program;
        if let Some(slot) = self.slot(side)
            && slot.is_looked_up
        {
            return slot.meaning;
        }
        let slot = usize::from(*program.slots.get(side as usize)?);
        let lookup = usize::from(*program.tables.get(slot)?).checked_sub(1)?;
        let meaning = program.lookups.get(lookup)?.table.as_ref()?.get(value);
        if let Some(slot) = self.slot(side) {
            slot.meaning = meaning;
            slot.is_looked_up = true;
        }
        meaning
    }

    fn holds(&mut self, rule: &Judged) -> bool {
        let Some(order) = &rule.order else { return self.node(rule.root) };
        // Parts come before what they are parts of, so that this goes no deeper than one.
        for id in order {
            self.node(*id);
        }
        self.node(rule.root)
    }

    fn node(&mut self, id: u32) -> bool {
        if let Some(known) = self.memo.get(id) {
            return known;
        }
        let result = match self.graph.node(id) {
            Node::Const(value) => return *value,
            Node::Test(test) => self.test(*test),
            Node::Not(child) => !self.node(*child),
            Node::And(children) => children.iter().all(|child| self.node(*child)),
            Node::Or(children) => children.iter().any(|child| self.node(*child)),
        };
        self.memo.set(id, result);
        result
    }

    fn test(&mut self, id: u32) -> bool {
        let Some(test) = self.graph.test(id) else { return false };
        let values = self.values(test.side);
        if let Values::One(value) = values
            && test.is_filed()
            && self.has_table(test.side)
        {
            return self
                .meaning(test.side, value)
                .is_some_and(|meaning| meaning.tests.binary_search(&id).is_ok());
        }
        let time = self.reading.event.time();
        test.holds(&values, time, |other| self.values(other))
    }

    fn has_table(&self, side: u32) -> bool {
        let program = self.program;
        let slot = program.slots.get(side as usize).copied().map_or(0, usize::from);
        let lookup = program.tables.get(slot).copied().map_or(0, usize::from);
        let lookup = lookup.checked_sub(1).and_then(|at| program.lookups.get(at));
        lookup.is_some_and(|lookup| lookup.table.is_some())
            && self.graph.sides.get(side).is_some_and(|side| !side.list)
    }
}

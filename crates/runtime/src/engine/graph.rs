//! Conditions as one graph: what several rules ask is one node.
//!
//! A node's parts have lower numbers than itself, so that everything here goes by number and
//! nothing recurses, however deep a condition is.

use std::collections::HashMap;

use super::compare::Comparison;
use super::operand::{From, Side, Sides};
use crate::condition::ast::{Expr, ExprKind, Literal, Operand, Right, RightKind};
use crate::events::EventCode;
use crate::fields::Source;

/// A part of a condition.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Node {
    Const(bool),
    Test(u32),
    Not(u32),
    And(Box<[u32]>),
    Or(Box<[u32]>),
}

/// Which event types a comparison of `evt.type` is true for, by their names.
#[derive(Debug)]
struct Types {
    names: Vec<String>,
    negated: bool,
}

/// The conditions of one source.
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) source: Source,
    pub(super) sides: Sides,
    pub(super) tests: Vec<Comparison>,
    pub(super) tests_by_text: HashMap<String, u32>,
    /// Tests of the event's type alone.
    types: HashMap<u32, Types>,
    pub(super) nodes: Vec<Node>,
    ids: HashMap<Node, u32>,
    costs: Vec<u32>,
    pub(super) depths: Vec<u32>,
}

impl Graph {
    pub(super) fn new(source: Source) -> Self {
        Self {
            source,
            sides: Sides::default(),
            tests: Vec::new(),
            tests_by_text: HashMap::new(),
            types: HashMap::new(),
            nodes: Vec::new(),
            ids: HashMap::new(),
            costs: Vec::new(),
            depths: Vec::new(),
        }
    }

    pub(super) fn node(&self, id: u32) -> &Node {
        self.nodes.get(id as usize).unwrap_or(&Node::Const(false))
    }

    fn intern(&mut self, node: Node) -> u32 {
        if let Some(known) = self.ids.get(&node) {
            return *known;
        }
        let id = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        let (cost, depth) = match &node {
            Node::Const(_) => (0, 0),
            Node::Test(test) => (self.test(*test).map_or(0, Comparison::cost), 0),
            Node::Not(child) => self.sum(&[*child]),
            Node::And(children) | Node::Or(children) => self.sum(children),
        };
        self.costs.push(cost);
        self.depths.push(depth);
        self.nodes.push(node.clone());
        self.ids.insert(node, id);
        id
    }

    fn sum(&self, children: &[u32]) -> (u32, u32) {
        children.iter().fold((1, 1), |(cost, depth), child| {
            let of = |all: &[u32]| all.get(*child as usize).copied().unwrap_or(0);
            (cost.saturating_add(of(&self.costs)), depth.max(of(&self.depths).saturating_add(1)))
        })
    }

    pub(super) fn test(&self, id: u32) -> Option<&Comparison> {
        self.tests.get(id as usize)
    }

    fn not(&mut self, child: u32) -> u32 {
        match *self.node(child) {
            Node::Const(value) => self.intern(Node::Const(!value)),
            Node::Not(inner) => inner,
            _ => self.intern(Node::Not(child)),
        }
    }

    /// `and` of parts, or `or`: what is nested alike is one, the cheapest first.
    fn join(&mut self, children: &[u32], is_and: bool) -> u32 {
        let mut parts = Vec::with_capacity(children.len());
        for child in children {
            match self.node(*child) {
                Node::Const(value) if *value == is_and => {}
                Node::Const(value) => {
                    let value = *value;
                    return self.intern(Node::Const(value));
                }
                Node::And(inner) if is_and => parts.extend_from_slice(inner),
                Node::Or(inner) if !is_and => parts.extend_from_slice(inner),
                _ => parts.push(*child),
            }
        }
        parts.sort_by_key(|id| (self.costs.get(*id as usize).copied(), *id));
        parts.dedup();
        match parts.as_slice() {
            [] => self.intern(Node::Const(is_and)),
            [only] => *only,
            _ if is_and => self.intern(Node::And(parts.into())),
            _ => self.intern(Node::Or(parts.into())),
        }
    }

    /// The node of a condition without macros.
    pub(super) fn add(&mut self, condition: &Expr) -> u32 {
        // What is open, and how many of its parts are done.
        let mut open: Vec<(&Expr, usize)> = vec![(condition, 0)];
        let mut done: Vec<u32> = Vec::new();
        while let Some((expr, next)) = open.pop() {
            if let Some(child) = expr.children().get(next) {
                open.push((expr, next.saturating_add(1)));
                open.push((child, 0));
                continue;
            }
            let parts = done.split_off(done.len().saturating_sub(expr.children().len()));
            let node = match &expr.kind {
                ExprKind::And(_) => self.join(&parts, true),
                ExprKind::Or(_) => self.join(&parts, false),
                ExprKind::Not(_) => parts.first().map_or(0, |child| self.not(*child)),
                ExprKind::Macro(_) => self.intern(Node::Const(false)),
                ExprKind::Exists(left) => self.exists(expr, left),
                ExprKind::Check { left, op, right } => self.compare(expr, left, *op, right),
            };
            done.push(node);
        }
        done.pop().unwrap_or_else(|| self.intern(Node::Const(false)))
    }

    fn exists(&mut self, expr: &Expr, left: &Operand) -> u32 {
        self.comparison(expr.to_string(), |this| {
            Some(Comparison::exists(this.sides.add(left, this.source)?))
        })
    }

    fn compare(
        &mut self,
        expr: &Expr,
        left: &Operand,
        op: crate::condition::ast::Op,
        right: &Right,
    ) -> u32 {
        self.comparison(expr.to_string(), |this| {
            let id = this.sides.add(left, this.source)?;
            let values: &[Literal] = match &right.kind {
                RightKind::Operand(other) => {
                    let other = this.sides.add(other, this.source)?;
                    return Some(Comparison::with_side(id, this.sides.get(id)?, op, other));
                }
                RightKind::Value(value) => std::slice::from_ref(value),
                RightKind::List(values) => values,
            };
            let side = this.sides.get(id)?;
            if is_event_type(side) && matches!(op.name, "=" | "==" | "!=" | "in") {
                let names = values.iter().map(|value| value.text().into_owned()).collect();
                let types = Types { names, negated: op.name == "!=" };
                let next = u32::try_from(this.tests.len()).unwrap_or(u32::MAX);
                this.types.insert(next, types);
            }
            Some(Comparison::new(id, side, op, values))
        })
    }

    fn comparison(
        &mut self,
        text: String,
        make: impl FnOnce(&mut Self) -> Option<Comparison>,
    ) -> u32 {
        if let Some(known) = self.tests_by_text.get(&text).copied() {
            return self.intern(Node::Test(known));
        }
        let Some(comparison) = make(self) else { return self.intern(Node::Const(false)) };
        let id = u32::try_from(self.tests.len()).unwrap_or(u32::MAX);
        self.tests.push(comparison);
        self.tests_by_text.insert(text, id);
        self.intern(Node::Test(id))
    }

    /// The nodes that a condition is made of, itself last.
    pub(super) fn parts(&self, root: u32, seen: &mut Vec<bool>) -> Vec<u32> {
        seen.resize(self.nodes.len(), false);
        let mut parts = Vec::new();
        let mut open = vec![root];
        while let Some(id) = open.pop() {
            match seen.get_mut(id as usize) {
                Some(is_seen) if !*is_seen => *is_seen = true,
                _ => continue,
            }
            parts.push(id);
            match self.node(id) {
                Node::Const(_) | Node::Test(_) => {}
                Node::Not(child) => open.push(*child),
                Node::And(children) | Node::Or(children) => open.extend_from_slice(children),
            }
        }
        for id in &parts {
            if let Some(is_seen) = seen.get_mut(*id as usize) {
                *is_seen = false;
            }
        }
        parts.sort_unstable();
        parts
    }

    /// The condition as it is for events of one type: what asks for the type is answered.
    pub(super) fn for_type(
        &mut self,
        root: u32,
        code: EventCode,
        known: &mut HashMap<u32, u32>,
        seen: &mut Vec<bool>,
    ) -> u32 {
        for id in self.parts(root, seen) {
            if known.contains_key(&id) {
                continue;
            }
            let of = |child: &u32| known.get(child).copied().unwrap_or(*child);
            let folded = match self.node(id) {
                Node::Const(_) => id,
                Node::Test(test) => match self.types.get(test) {
                    // The type of these stands in the event.
                    Some(_) if matches!(code.name(), "syscall" | "asyncevent" | "NA") => id,
                    Some(types) => {
                        let is_named = types.names.iter().any(|name| name == code.name());
                        self.intern(Node::Const(is_named != types.negated))
                    }
                    None => id,
                },
                Node::Not(child) => {
                    let child = of(child);
                    self.not(child)
                }
                Node::And(children) => {
                    let children: Vec<u32> = children.iter().map(of).collect();
                    self.join(&children, true)
                }
                Node::Or(children) => {
                    let children: Vec<u32> = children.iter().map(of).collect();
                    self.join(&children, false)
                }
            };
            known.insert(id, folded);
        }
        known.get(&root).copied().unwrap_or(root)
    }
}

fn is_event_type(side: &Side) -> bool {
    matches!(&side.from, From::Field(field) if field.name == "evt.type")
}

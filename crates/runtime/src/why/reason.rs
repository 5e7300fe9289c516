//! A condition taken apart, and what of it made it hold.

use std::collections::{BTreeMap, HashMap};

use super::Reason;
use crate::alert::Template;
use crate::condition::ast::{Expr, ExprKind};
use crate::engine::{Engine, Matching};
use crate::event::{Arena, Event};
use crate::explain;
use crate::loader::Rule;

/// How many values are told of a part that did not hold as a whole.
const MOST_VALUES: usize = 8;

/// A rule's condition of which every part can be judged.
pub(super) struct Compiled {
    engine: Engine,
    root: Node,
    templates: BTreeMap<String, Template>,
    holds: Vec<bool>,
    matched: Vec<usize>,
}

struct Node {
    text: String,
    macro_name: Option<String>,
    kind: Kind,
    fields: Vec<String>,
}

enum Kind {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    /// Its number among the parts that the engine judges.
    Part(usize),
}

impl Compiled {
    pub(super) fn new(rule: &Rule, macros: &BTreeMap<&str, String>) -> Self {
        // The outermost of macros that stand for the same comes last.
        let used = rule.macros.iter().filter_map(|name| Some((macros.get(name.as_str())?, name)));
        let named: HashMap<&str, &str> =
            used.map(|(text, name)| (text.as_str(), name.as_str())).collect();
        let mut parts = Parts { rule, named, numbers: HashMap::new(), judged: Vec::new() };
        let root = parts.node(&rule.condition);
        let template = |field: &String| {
            let template = Template::new(&format!("%{field}"), rule.source).ok()?;
            Some((field.clone(), template))
        };
        let templates = explain::fields(&rule.condition).iter().filter_map(template).collect();
        let holds = vec![false; parts.judged.len()];
        let engine = Engine::new(&parts.judged, Matching::All);
        Self { engine, root, templates, holds, matched: Vec::new() }
    }

    pub(super) fn reasons(&mut self, event: &dyn Event, host: &str, arena: &Arena) -> Vec<Reason> {
        self.engine.judge(event, &mut self.matched);
        self.holds.fill(false);
        for at in &self.matched {
            if let Some(holds) = self.holds.get_mut(*at) {
                *holds = true;
            }
        }
        let value = |field: &String| {
            let template = self.templates.get(field)?;
            Some((field.clone(), template.text(event, host, arena)))
        };
        let seen = Seen { holds: &self.holds, value: &value };
        match &self.root.kind {
            Kind::All(children) => children.iter().map(|child| seen.reason(child)).collect(),
            _ => vec![seen.reason(&self.root)],
        }
    }
}

struct Parts<'r> {
    rule: &'r Rule,
    /// Macros by what they stand for.
    named: HashMap<&'r str, &'r str>,
    numbers: HashMap<String, usize>,
    judged: Vec<Rule>,
}

impl Parts<'_> {
    fn node(&mut self, expr: &Expr) -> Node {
        let text = expr.to_string();
        let macro_name = self.named.get(text.as_str()).map(|name| (*name).to_owned());
        let kind = match &expr.kind {
            ExprKind::And(children) => Kind::All(self.all(children)),
            ExprKind::Or(children) => Kind::Any(self.all(children)),
            ExprKind::Not(child) => Kind::Not(Box::new(self.node(child))),
            _ => Kind::Part(*self.numbers.entry(text.clone()).or_insert_with(|| {
                self.judged.push(self.rule.of_part(expr));
                self.judged.len().saturating_sub(1)
            })),
        };
        let fields = explain::fields(expr).into_iter().collect();
        Node { text, macro_name, kind, fields }
    }

    fn all(&mut self, children: &[Expr]) -> Vec<Node> {
        children.iter().map(|child| self.node(child)).collect()
    }
}

/// What the parts came to in an event.
struct Seen<'s> {
    holds: &'s [bool],
    value: &'s dyn Fn(&String) -> Option<(String, String)>,
}

impl Seen<'_> {
    fn holds(&self, node: &Node) -> bool {
        match &node.kind {
            Kind::All(children) => children.iter().all(|child| self.holds(child)),
            Kind::Any(children) => children.iter().any(|child| self.holds(child)),
            Kind::Not(child) => !self.holds(child),
            Kind::Part(number) => self.holds.get(*number).copied().unwrap_or(false),
        }
    }

    fn reason(&self, node: &Node) -> Reason {
        let holds = self.holds(node);
        let because: Vec<Reason> = match &node.kind {
            Kind::All(children) if holds => children.iter().map(|it| self.reason(it)).collect(),
            Kind::All(children) => {
                let failed = children.iter().find(|child| !self.holds(child));
                failed.into_iter().map(|child| self.reason(child)).collect()
            }
            Kind::Any(children) if holds => {
                let held = children.iter().filter(|child| self.holds(child));
                held.map(|child| self.reason(child)).collect()
            }
            Kind::Not(child) if matches!(child.kind, Kind::Part(_)) => Vec::new(),
            Kind::Not(child) if holds => match &child.kind {
                // One that failed is enough for a conjunction; of alternatives all did.
                Kind::All(_) => self.reason(child).because,
                _ => Vec::new(),
            },
            Kind::Not(child) => vec![self.reason(child)],
            Kind::Any(_) | Kind::Part(_) => Vec::new(),
        };
        let values = if because.is_empty() {
            node.fields.iter().filter_map(self.value).take(MOST_VALUES).collect()
        } else {
            Vec::new()
        };
        let macro_name = match &node.kind {
            Kind::Not(child) => child.macro_name.clone(),
            _ => node.macro_name.clone(),
        };
        Reason { condition: node.text.clone(), macro_name, holds, values, because }
    }
}

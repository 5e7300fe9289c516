//! Which parts of conditions events have shown to hold and to fail.
//!
//! A part is a comparison or an `exists` of the compiled condition. It counts on the events that its
//! rule looks at: those of its source and of the types that the condition can hold for. Questions
//! about the event's type are no parts, because these events answer them alike.

use std::collections::{BTreeSet, HashMap};

use crate::condition::ast::{Expr, ExprKind, OperandKind};
use crate::engine::{Engine, Matching};
use crate::event::Event;
use crate::events::EventCode;
use crate::fields::Source;
use crate::loader::Rule;

/// What has been seen of the parts of some rules.
pub struct Coverage {
    engine: Engine,
    rules: Vec<Seen>,
    /// By the number that the engine has for a part: whether it holds for the event at hand.
    holds: Vec<bool>,
    matched: Vec<usize>,
}

struct Seen {
    source: Source,
    types: Option<BTreeSet<EventCode>>,
    parts: Vec<(usize, Part)>,
}

/// A part of a rule's condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// In Falco's normal form.
    pub text: String,
    /// Whether it held for an event.
    pub held: bool,
    /// Whether it failed for one.
    pub failed: bool,
}

impl Part {
    /// Whether events have shown both.
    pub fn is_covered(&self) -> bool {
        self.held && self.failed
    }
}

impl Coverage {
    /// Nothing seen yet of these rules.
    pub fn new<'r>(rules: impl IntoIterator<Item = &'r Rule>) -> Self {
        let mut numbers: HashMap<(Source, String), usize> = HashMap::new();
        let mut judged = Vec::new();
        let mut seen = Vec::new();
        for rule in rules {
            let mut of_rule = Vec::new();
            parts(&rule.condition, &mut of_rule);
            let mut own: Vec<(usize, Part)> = Vec::new();
            for part in of_rule {
                let text = part.to_string();
                let number = *numbers.entry((rule.source, text.clone())).or_insert_with(|| {
                    judged.push(rule.of_part(part));
                    judged.len().saturating_sub(1)
                });
                if !own.iter().any(|(known, _)| *known == number) {
                    own.push((number, Part { text, held: false, failed: false }));
                }
            }
            let named = |names: &Vec<&'static str>| {
                names.iter().filter_map(|name| EventCode::named(name)).collect()
            };
            let types = rule.event_types.as_ref().map(named);
            seen.push(Seen { source: rule.source, types, parts: own });
        }
        let holds = vec![false; judged.len()];
        let engine = Engine::new(&judged, Matching::All);
        Self { engine, rules: seen, holds, matched: Vec::new() }
    }

    /// Notes what holds for an event.
    pub fn note(&mut self, event: &dyn Event) {
        self.engine.judge(event, &mut self.matched);
        self.holds.fill(false);
        for at in &self.matched {
            if let Some(holds) = self.holds.get_mut(*at) {
                *holds = true;
            }
        }
        let (source, code) = (event.source(), event.code());
        for rule in &mut self.rules {
            let looks = rule.types.as_ref().is_none_or(|types| types.contains(&code));
            if rule.source != source || !looks {
                continue;
            }
            for (number, part) in &mut rule.parts {
                match self.holds.get(*number) {
                    Some(true) => part.held = true,
                    _ => part.failed = true,
                }
            }
        }
    }

    /// The parts of a rule by its place among those that were given, in the order of its condition.
    pub fn parts(&self, rule: usize) -> impl Iterator<Item = &Part> {
        self.rules.get(rule).into_iter().flat_map(|seen| seen.parts.iter().map(|(_, part)| part))
    }
}

fn parts<'e>(condition: &'e Expr, into: &mut Vec<&'e Expr>) {
    let mut left = vec![condition];
    while let Some(part) = left.pop() {
        match &part.kind {
            ExprKind::And(children) | ExprKind::Or(children) => left.extend(children.iter().rev()),
            ExprKind::Not(child) => left.push(child),
            ExprKind::Exists(operand) | ExprKind::Check { left: operand, .. } => {
                let is_type = matches!(&operand.kind,
                    OperandKind::Field { name, .. } if matches!(name.as_str(), "evt.type" | "evt.dir"));
                if !is_type {
                    into.push(part);
                }
            }
            ExprKind::Macro(_) => {}
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use crate::loader::{Loader, Options};
    use crate::sources::{Read, Reader};

    #[test]
    fn a_part_is_covered_when_it_held_and_failed() {
        let mut loader = Loader::new(Options::default());
        let rules = "- rule: a\n  desc: a\n  source: k8s_audit\n  output: a\n  priority: INFO\n  \
            condition: ka.verb in (get, list) and not ka.target.name = db and ka.uri exists\n";
        assert!(loader.load("a", rules).is_loaded());
        let mut coverage = Coverage::new(&loader.definitions().rules);
        let log = r#"{"kind":"Event","auditID":"1","verb":"get","objectRef":{"name":"db"},"stageTimestamp":"2024-05-01T10:20:01Z"}
            {"kind":"Event","auditID":"2","verb":"get","objectRef":{"name":"x"},"stageTimestamp":"2024-05-01T10:20:01Z"}"#;
        let mut reader = Reader::new(log.as_bytes());
        while let Some(read) = reader.read().unwrap() {
            if let Read::Event(event) = read {
                coverage.note(&event);
            }
        }
        let shown: Vec<_> = coverage.parts(0).map(|it| (it.held, it.failed, &*it.text)).collect();
        let expected = [
            (true, false, "ka.verb in (get, list)"),
            (true, true, "ka.target.name = db"),
            (false, true, "ka.uri exists"),
        ];
        assert_eq!(shown, expected);
    }
}

//! Values that are given other places.

use std::collections::HashMap;
use std::sync::Arc;

use plimsoll_model::text::{Source, Span};

use super::lines::Template;
use crate::manifest::{Field, Mapping, Node, Sequence, Value};

/// Which lines of a template a printed text came from.
pub(super) struct Places<'t> {
    printed: &'t Source,
    template: &'t Source,
    /// By printed line, from 0, the line of the template, from 1, that it came from, or the
    /// nearest one before it did.
    lines: Vec<u32>,
}

impl<'t> Places<'t> {
    pub(super) fn new(printed: &'t Source, template: &'t Source) -> Self {
        let mut nearest = 1;
        let found = Template::new(template.text()).lines_of(printed.text());
        let lines = found.into_iter().map(|line| {
            nearest = line.map_or(nearest, |line| line.saturating_add(1));
            nearest
        });
        Self { printed, template, lines: lines.collect() }
    }

    fn line(&self, printed: u32) -> u32 {
        self.lines.get(printed.saturating_sub(1) as usize).or(self.lines.last()).map_or(1, |at| *at)
    }

    /// Where in the template a printed place is: its own words where the line has them, else the
    /// line.
    pub(super) fn of(&self, span: Span) -> Span {
        let first = self.printed.line(span.start);
        let last = self.printed.line(span.end.saturating_sub(1).max(span.start));
        let line = self.template.line_span(self.line(first));
        let text = self.template.slice(line);
        let indent = text.len().saturating_sub(text.trim_start().len());
        let indent = u32::try_from(indent).unwrap_or(0);
        let whole = Span::new(line.start.saturating_add(indent).min(line.end), line.end);
        if first == last {
            let words = self.printed.slice(span);
            let found = if words.is_empty() { None } else { text.find(words) };
            return found.map_or(whole, |at| {
                let start = line.start.saturating_add(u32::try_from(at).unwrap_or(0));
                Span::new(start, start.saturating_add(span.end.saturating_sub(span.start)))
            });
        }
        let end = self.template.line_span(self.line(last)).end;
        Span::new(whole.start, end.max(whole.end))
    }
}

/// The same values, each at the place that `to` gives for its own. What several names stand for
/// stays one.
pub(super) fn moved(nodes: &[Arc<Node>], to: &dyn Fn(Span) -> Span) -> Vec<Arc<Node>> {
    let mut known = HashMap::new();
    nodes.iter().map(|node| move_one(node, to, &mut known)).collect()
}

type Known = HashMap<*const Node, Arc<Node>>;

fn move_one(node: &Arc<Node>, to: &dyn Fn(Span) -> Span, known: &mut Known) -> Arc<Node> {
    if let Some(moved) = known.get(&Arc::as_ptr(node)) {
        return Arc::clone(moved);
    }
    let value = match &node.value {
        Value::Scalar(scalar) => Value::Scalar(scalar.clone()),
        Value::Sequence(Sequence { items, flow }) => {
            let items = items.iter().map(|item| move_one(item, to, known)).collect();
            Value::Sequence(Sequence { items, flow: *flow })
        }
        Value::Mapping(Mapping { fields, flow }) => {
            let field = |field: &Field| Field {
                name: field.name.clone(),
                name_span: to(field.name_span),
                value: move_one(&field.value, to, known),
                merged: field.merged,
            };
            Value::Mapping(Mapping { fields: fields.iter().map(field).collect(), flow: *flow })
        }
    };
    let moved = Arc::new(Node { span: to(node.span), value, ..Node::clone(node) });
    known.insert(Arc::as_ptr(node), Arc::clone(&moved));
    moved
}

/// The same value with the places of what it was made of: fields by their names, items by the
/// `name` in them, else in their order.
pub(super) fn followed(node: &Node, origin: &Node) -> Node {
    let value = match (&node.value, &origin.value) {
        (Value::Mapping(own), Value::Mapping(written)) => {
            let field = |field: &Field| match written.field(&field.name) {
                Some(other) => Field {
                    name_span: other.name_span,
                    value: Arc::new(followed(&field.value, &other.value)),
                    ..field.clone()
                },
                None => Field {
                    name_span: Span::at(origin.span.start),
                    value: at(&field.value, Span::at(origin.span.start)),
                    ..field.clone()
                },
            };
            Value::Mapping(Mapping {
                fields: own.fields.iter().map(field).collect(),
                flow: own.flow,
            })
        }
        (Value::Sequence(own), Value::Sequence(written)) => {
            let item = |(index, item): (usize, &Arc<Node>)| {
                let name = item.text("name").map(|name| name.value);
                let named = written
                    .items
                    .iter()
                    .find(|one| name.is_some() && one.text("name").map(|name| name.value) == name);
                let other = named.or_else(|| written.items.get(index).filter(|_| name.is_none()));
                match other {
                    Some(other) => Arc::new(followed(item, other)),
                    None => at(item, Span::at(origin.span.start)),
                }
            };
            let items = own.items.iter().enumerate().map(item).collect();
            Value::Sequence(Sequence { items, flow: own.flow })
        }
        (Value::Scalar(scalar), _) => Value::Scalar(scalar.clone()),
        _ => at(&Arc::new(node.clone()), Span::at(origin.span.start)).value.clone(),
    };
    Node { span: origin.span, value, ..node.clone() }
}

/// The same value with all of it at one place.
fn at(node: &Arc<Node>, span: Span) -> Arc<Node> {
    move_one(node, &|_| span, &mut Known::new())
}

//! Which places of a manifest hold secrets, so that nobody who shows its lines shows those.
//!
//! Values of Secrets are, whatever they are; elsewhere what stands behind a name like `password`,
//! and what is a secret by its own looks. What could not be read, and comments, are told by their
//! words alone.

mod unread;
mod words;

use plimsoll_model::text::{Edit, Source, Span, apply, offset};

use crate::manifest::{Manifest, Mapping, Node, Scalar, ScalarStyle, Value};
use words::{is_flag, is_secretive, is_value, secret_in};

/// What stands in a secret's place.
pub const REDACTED: &str = "***";

/// How deep values are looked at; what lies deeper is hidden as a whole.
const MAX_DEPTH: u32 = 512;

/// How long a value may be to be looked through; a longer one is hidden as a whole.
const MAX_SEARCHED: usize = 1 << 20;

/// How deep lists of objects are followed.
const MAX_LISTS: u32 = 8;

/// Has the whole object once more, whatever is in it.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The fields of a Secret that are none.
const OPEN: [&str; 5] = ["apiVersion", "kind", "metadata", "type", "immutable"];

/// The places of secrets, in order, each within one line and without the blanks around it.
pub fn redactions(manifest: &Manifest) -> Vec<Span> {
    let mut seen = Seen { source: &manifest.source, hidden: Vec::new(), leaves: Vec::new() };
    for document in &manifest.documents {
        seen.walk(document, "", false, 0);
        seen.secrets(document, "", 0);
    }
    seen.leaves.sort_unstable_by_key(|span| span.start);
    unread::add(seen.source, &seen.leaves, &mut seen.hidden);
    by_lines(seen.source, seen.hidden)
}

/// A text whose secrets are not in it.
pub fn redacted(text: &str) -> String {
    let manifest = Manifest::parse(Source::new(text));
    let edits: Vec<Edit> =
        redactions(&manifest).into_iter().map(|span| Edit::replace(span, REDACTED)).collect();
    let source = &manifest.source;
    format!("{}{}", source.byte_order_mark(), apply(source.text(), &edits))
}

struct Seen<'m> {
    source: &'m Source,
    hidden: Vec<Span>,
    /// The places of names and values.
    leaves: Vec<Span>,
}

impl Seen<'_> {
    /// Looks at a value; `name` is what stands before it, and `secret` whether that is enough.
    fn walk(&mut self, node: &Node, name: &str, secret: bool, depth: u32) {
        if depth > MAX_DEPTH {
            self.leaves.push(node.span);
            self.hidden.push(node.span);
            return;
        }
        let depth = depth.saturating_add(1);
        match &node.value {
            Value::Scalar(scalar) => {
                self.leaves.push(node.span);
                let is_long = scalar.text.len() > MAX_SEARCHED;
                if name == LAST_APPLIED || is_long || secret && is_value(&scalar.text) {
                    self.hidden.push(node.span);
                } else if let Some(at) = secret_in(&scalar.text) {
                    self.hidden.push(self.part(node.span, scalar, at));
                }
            }
            Value::Sequence(sequence) => {
                let mut after_flag = false;
                for item in &sequence.items {
                    let text = item.as_str().unwrap_or_default();
                    let is_its_value = after_flag && !text.starts_with('-');
                    self.walk(item, name, secret || is_its_value, depth);
                    after_flag = is_flag(text);
                }
            }
            Value::Mapping(mapping) => {
                let about = about(mapping).unwrap_or(name);
                for field in &mapping.fields {
                    self.leaves.push(field.name_span);
                    let named = if &*field.name == "value" { about } else { &field.name };
                    self.walk(&field.value, &field.name, is_secretive(named), depth);
                }
            }
        }
    }

    /// From where on a text is to be hidden: its secret, where the text is written as it is.
    fn part(&self, span: Span, scalar: &Scalar, at: usize) -> Span {
        let written = self.source.slice(span);
        let quote = usize::from(scalar.style == ScalarStyle::Quoted);
        let inner = written.get(quote..written.len().saturating_sub(quote));
        if scalar.style == ScalarStyle::Block || inner != Some(&*scalar.text) {
            return span;
        }
        let from = span.start.saturating_add(offset(quote.saturating_add(at)));
        Span::new(from, span.end.saturating_sub(offset(quote)))
    }

    /// Hides what Secrets have; `of` is the kind of a list's items that say none.
    fn secrets(&mut self, node: &Node, of: &str, depth: u32) {
        let kind = node.text("kind").map_or(of, |kind| kind.value);
        if let Some(of) = kind.strip_suffix("List").filter(|_| depth < MAX_LISTS) {
            for item in node.list("items") {
                self.secrets(item, of, depth.saturating_add(1));
            }
        }
        if kind == "Secret" {
            for field in node.as_mapping().into_iter().flat_map(|mapping| &mapping.fields) {
                if !OPEN.contains(&&*field.name) {
                    self.hide(&field.value, 0);
                }
            }
        }
    }

    fn hide(&mut self, node: &Node, depth: u32) {
        let below = depth.saturating_add(1);
        match &node.value {
            Value::Sequence(sequence) if depth < MAX_DEPTH => {
                sequence.items.iter().for_each(|item| self.hide(item, below));
            }
            Value::Mapping(mapping) if depth < MAX_DEPTH => {
                mapping.fields.iter().for_each(|field| self.hide(&field.value, below));
            }
            _ => self.hidden.push(node.span),
        }
    }
}

/// What a pair of name and value calls its value: `{name: DB_PASSWORD, value: …}`.
fn about(mapping: &Mapping) -> Option<&str> {
    ["name", "key"].into_iter().find_map(|name| mapping.get(name)?.as_str())
}

/// The same places line by line, none twice.
fn by_lines(source: &Source, mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable_by_key(|span| (span.start, span.end));
    let mut parts: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        let last = source.line(span.end.saturating_sub(1).max(span.start));
        for line in source.line(span.start)..=last {
            let line = source.line_span(line);
            let behind = parts.last().map_or(0, |part| part.end);
            let start = span.start.max(line.start).max(behind);
            let end = span.end.min(line.end);
            if start >= end {
                continue;
            }
            let text = source.slice(Span::new(start, end));
            let blanks = text.len().saturating_sub(text.trim_start().len());
            let start = start.saturating_add(offset(blanks));
            let end = start.saturating_add(offset(text.trim().len()));
            if start < end {
                parts.push(Span::new(start, end));
            }
        }
    }
    parts
}

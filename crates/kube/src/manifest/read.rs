//! From the YAML reader's events to values.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use granit_parser::{Event, Options, Parser, ScalarStyle as Style, ScanError, StructureStyle};
use plimsoll_model::text::{Source, Span, offset};

use super::node::{Field, Mapping, Node, Scalar, ScalarStyle, Sequence, Value};
use super::{Manifest, Problem, ProblemKind};

/// How deep values may be nested.
const MAX_DEPTH: usize = 128;

pub(super) fn read(source: Source) -> Manifest {
    let mut problems = Vec::new();
    if let Some(line) = source.not_utf8() {
        let span = source.line_span(line);
        problems.push(Problem { kind: ProblemKind::NotText, span, related: None });
    }
    let text = source.text();
    let mut reader = Reader {
        text,
        problems,
        documents: Vec::new(),
        open: Vec::new(),
        anchors: HashMap::new(),
        is_template: text.contains("{{"),
        left: Manifest::MAX_NODES,
    };
    let mut options = Options::default();
    options.flow_nesting_limit = MAX_DEPTH;
    options.block_nesting_limit = MAX_DEPTH;
    options.set_emit_comments(false);
    let mut parser = Parser::new_from_str_with_options(text, options);
    loop {
        match parser.next() {
            Some(Ok((event, span))) => {
                let span = reader.span(&span);
                if reader.take(event, span).is_break() {
                    break;
                }
            }
            None => break,
            Some(Err(error)) => {
                reader.fail(&error);
                reader.open.clear();
                let is_hopeless = reader.problems.len() >= Manifest::MAX_PROBLEMS;
                if is_hopeless || !matches!(parser.proceed_next_document(), Ok(true)) {
                    break;
                }
            }
        }
    }
    let (documents, problems) = (reader.documents, reader.problems);
    Manifest { source, documents, problems }
}

/// A collection that has begun and not ended.
struct Open {
    start: Span,
    anchor: usize,
    weight: u32,
    kind: Kind,
}

enum Kind {
    Sequence(Sequence),
    Mapping { mapping: Mapping, seen: HashSet<Box<str>>, name: Option<(Box<str>, Span)> },
}

struct Reader<'t> {
    text: &'t str,
    problems: Vec<Problem>,
    documents: Vec<Arc<Node>>,
    open: Vec<Open>,
    anchors: HashMap<usize, Arc<Node>>,
    /// Whether the text has the braces of a template.
    is_template: bool,
    /// How many values the file may still have.
    left: u32,
}

type Flow = std::ops::ControlFlow<()>;

impl Reader<'_> {
    fn span(&self, span: &granit_parser::Span) -> Span {
        let range = span.byte_range().unwrap_or_default();
        let end = offset(self.text.len());
        Span::new(offset(range.start).min(end), offset(range.end).min(end))
    }

    fn problem(&mut self, kind: ProblemKind, span: Span) {
        add_problem(&mut self.problems, || Problem { kind, span, related: None });
    }

    fn fail(&mut self, error: &ScanError) {
        let at = error.marker().byte_offset().unwrap_or(self.text.len());
        let at = offset(at.min(self.text.len()));
        let says = error.info();
        let kind =
            if self.is_template { ProblemKind::Template(says) } else { ProblemKind::Syntax(says) };
        self.problem(kind, Span::at(at));
    }

    /// Where a value would stand that is not there: behind the colon of its name.
    fn behind_colon(&self, span: Span) -> Span {
        let name = match self.open.last().map(|open| &open.kind) {
            Some(Kind::Mapping { name: Some((_, name)), .. }) => *name,
            _ => return span,
        };
        let behind = self.text.get(name.end as usize..).unwrap_or_default();
        let blanks = behind.len().saturating_sub(behind.trim_start_matches(' ').len());
        if behind.get(blanks..).is_some_and(|rest| rest.starts_with(':')) {
            Span::at(name.end.saturating_add(offset(blanks)).saturating_add(1))
        } else {
            span
        }
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Flow {
        match event {
            Event::DocumentStart(..) => {
                self.open.clear();
                self.anchors.clear();
                if self.documents.len() >= Manifest::MAX_DOCUMENTS {
                    self.problem(
                        ProblemKind::TooManyDocuments(Manifest::MAX_DOCUMENTS),
                        Span::at(span.start),
                    );
                    return Flow::Break(());
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                let style = match style {
                    Style::Literal | Style::Folded => ScalarStyle::Block,
                    _ if tag.as_deref().is_some_and(|tag| tag.is_yaml_core_schema_tag("str")) => {
                        ScalarStyle::Quoted
                    }
                    Style::Plain => ScalarStyle::Plain,
                    _ => ScalarStyle::Quoted,
                };
                let span = if span.is_empty() { self.behind_colon(span) } else { span };
                let value = Value::Scalar(Scalar { text: text.into(), style });
                return self.put(Node { span, value, weight: 1 }, anchor);
            }
            Event::SequenceStart(style, anchor, _) => {
                let flow = style == StructureStyle::Flow;
                let kind = Kind::Sequence(Sequence { items: Vec::new(), flow });
                self.open.push(Open { start: span, anchor, weight: 1, kind });
            }
            Event::MappingStart(style, anchor, _) => {
                let mapping = Mapping { fields: Vec::new(), flow: style == StructureStyle::Flow };
                let kind = Kind::Mapping { mapping, seen: HashSet::new(), name: None };
                self.open.push(Open { start: span, anchor, weight: 1, kind });
            }
            Event::SequenceEnd | Event::MappingEnd => return self.close(span),
            Event::Alias(anchor) => {
                if let Some(node) = self.anchors.get(&anchor).cloned() {
                    return self.add(node, span);
                }
                // An anchor within itself: what it stands for is not yet known.
                let says = "an alias stands within what it stands for".to_owned();
                self.problem(ProblemKind::Syntax(says), span);
                let value = Value::Scalar(Scalar { text: "".into(), style: ScalarStyle::Plain });
                return self.put(Node { span, value, weight: 1 }, 0);
            }
            _ => {}
        }
        Flow::Continue(())
    }

    fn close(&mut self, end: Span) -> Flow {
        let Some(open) = self.open.pop() else { return Flow::Continue(()) };
        let (value, last) = match open.kind {
            Kind::Sequence(sequence) => {
                let last = sequence.items.last().map(|item| item.span.end);
                (Value::Sequence(sequence), last)
            }
            Kind::Mapping { mapping, .. } => {
                let last = mapping.fields.last();
                let last = last.map(|last| last.value.span.end.max(last.name_span.end));
                (Value::Mapping(mapping), last)
            }
        };
        let flow = match &value {
            Value::Sequence(sequence) => sequence.flow,
            Value::Mapping(mapping) => mapping.flow,
            Value::Scalar(_) => false,
        };
        // The end of a block is seen where the next thing begins; it ends where its last part does.
        let end = if flow { end.end } else { last.unwrap_or(open.start.end).min(end.end) };
        let span = Span::new(open.start.start, end);
        self.put(Node { span, value, weight: open.weight }, open.anchor)
    }

    /// Puts a new value where it belongs.
    fn put(&mut self, node: Node, anchor: usize) -> Flow {
        let span = node.span;
        let node = Arc::new(node);
        if anchor != 0 {
            self.anchors.insert(anchor, Arc::clone(&node));
        }
        self.add(node, span)
    }

    /// Adds a value that stands at `span` to the collection that is open.
    fn add(&mut self, node: Arc<Node>, span: Span) -> Flow {
        let Some(open) = self.open.last_mut() else {
            self.left = self.left.saturating_sub(node.weight);
            if !node.is_null() {
                self.documents.push(node);
            }
            return Flow::Continue(());
        };
        open.weight = open.weight.saturating_add(node.weight);
        if open.weight > self.left {
            self.open.clear();
            self.problem(ProblemKind::TooLarge(Manifest::MAX_NODES), span);
            return Flow::Break(());
        }
        match &mut open.kind {
            Kind::Sequence(sequence) => sequence.items.push(node),
            Kind::Mapping { mapping, seen, name } => match name.take() {
                None => {
                    let text = if let Value::Scalar(scalar) = &node.value {
                        scalar.text.clone()
                    } else {
                        add_problem(&mut self.problems, || Problem {
                            kind: ProblemKind::OddKey(node.kind()),
                            span,
                            related: None,
                        });
                        "".into()
                    };
                    *name = Some((text, span));
                }
                Some((name, name_span)) if &*name == "<<" => {
                    if let Some(problem) = merge(mapping, &node, name_span) {
                        add_problem(&mut self.problems, || problem);
                    }
                }
                Some((name, name_span)) => {
                    if !seen.insert(name.clone()) {
                        add_problem(&mut self.problems, || {
                            let own = mapping.fields.iter().rev().filter(|field| !field.merged);
                            let first = own.into_iter().find(|field| field.name == name);
                            Problem {
                                kind: ProblemKind::DuplicateKey(name.to_string()),
                                span: name_span,
                                related: first.map(|field| field.name_span),
                            }
                        });
                    }
                    mapping.fields.push(Field { name, name_span, value: node, merged: false });
                }
            },
        }
        Flow::Continue(())
    }
}

/// Names a problem, where not too many are named already.
fn add_problem(problems: &mut Vec<Problem>, problem: impl FnOnce() -> Problem) {
    if problems.len() < Manifest::MAX_PROBLEMS {
        problems.push(problem());
    }
}

/// Adds the fields of a merged mapping, or of several, before those of the mapping's own, which
/// count more; of several merged the first counts most.
fn merge(mapping: &mut Mapping, node: &Node, span: Span) -> Option<Problem> {
    let all: Vec<&Node> = match &node.value {
        Value::Sequence(sequence) => sequence.items.iter().map(|item| &**item).collect(),
        _ => vec![node],
    };
    let mut merged = Vec::new();
    for one in all.iter().rev() {
        let Some(other) = one.as_mapping() else {
            let kind = ProblemKind::OddMerge(one.kind());
            return Some(Problem { kind, span, related: None });
        };
        merged.extend(other.fields.iter().cloned().map(|field| Field { merged: true, ..field }));
    }
    mapping.fields.splice(0..0, merged);
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Manifest {
        Manifest::parse(Source::new(text))
    }

    fn said(manifest: &Manifest) -> Vec<String> {
        let place = |problem: &Problem| manifest.source.position(problem.span.start);
        manifest
            .problems
            .iter()
            .map(|problem| {
                format!("{}:{} {}", place(problem).line, place(problem).column, problem.kind)
            })
            .collect()
    }

    #[test]
    fn a_field_has_the_place_of_its_name_and_of_its_value() {
        let manifest = parse("a: 1\nspec: # the pod's\n  hostPID: true # why?\n");
        let node = manifest.documents[0].at(&["spec", "hostPID"]).unwrap();
        assert_eq!(manifest.source.slice(node.span), "true");
        let spec = manifest.documents[0].get("spec").unwrap();
        assert_eq!(manifest.source.slice(spec.span), "hostPID: true");
    }

    #[test]
    fn json_is_read_as_well() {
        let manifest = parse("{\n\t\"kind\": \"Pod\",\n\t\"spec\": {\"hostPID\": true}\n}\n");
        assert_eq!(manifest.problems, []);
        let node = manifest.documents[0].at(&["spec", "hostPID"]).unwrap();
        assert_eq!(manifest.source.slice(node.span), "true");
        assert_eq!(manifest.documents[0].get("kind").unwrap().as_str(), Some("Pod"));
    }

    #[test]
    fn a_broken_document_costs_no_other() {
        let manifest = parse("a: 1\n---\nb: [1, 2\n---\nc: 3\n---\n\n---\r\nd: 4\r\n");
        assert_eq!(manifest.documents.len(), 3);
        assert_eq!(manifest.problems.len(), 1);
        assert!(said(&manifest)[0].starts_with("3:4 "), "{:?}", said(&manifest));
    }

    #[test]
    fn a_name_that_stands_twice_is_named_and_the_last_counts() {
        let manifest = parse("a: 1\nb: 2\na: 3\n");
        assert_eq!(
            said(&manifest),
            ["3:1 `a` stands twice in this mapping: of the two the last counts"]
        );
        let a = manifest.documents[0].get("a").unwrap();
        assert_eq!(manifest.source.slice(a.span), "3");
    }

    #[test]
    fn aliases_and_merged_fields_are_followed() {
        let manifest = parse("x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  b: 3\nz: *x\n");
        assert_eq!(manifest.problems, []);
        let slice = |path: &[&str]| {
            manifest.source.slice(manifest.documents[0].at(path).unwrap().span).to_owned()
        };
        assert_eq!((slice(&["y", "a"]), slice(&["y", "b"])), ("1".into(), "3".into()));
        assert_eq!(slice(&["z", "b"]), "2");
    }

    #[test]
    fn aliases_of_aliases_end_at_a_limit() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..30 {
            let below = format!("*a{}, ", level - 1).repeat(10);
            text = format!("{text}a{level}: &a{level} [{below}]\n");
        }
        let manifest = parse(&text);
        assert!(said(&manifest)[0].contains("more than 2000000 values"), "{:?}", said(&manifest));
    }

    #[test]
    fn nesting_ends_at_a_limit() {
        for text in ["[".repeat(100_000), "- ".repeat(100_000), "{a: ".repeat(100_000)] {
            assert_eq!(parse(&text).problems.len(), 1);
        }
    }

    #[test]
    fn a_template_is_told_from_a_mistake() {
        let manifest = parse("spec:\n  {{ toYaml .Values.spec }}\n  x: 1\n");
        let last = said(&manifest).pop().unwrap_or_default();
        assert!(last.contains("render it first"), "{last}");
    }

    #[test]
    fn an_alias_within_its_anchor_is_no_loop() {
        let manifest = parse("a: &a [*a]\n");
        assert_eq!(manifest.problems.len(), 1);
    }
}

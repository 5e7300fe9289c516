//! Rule files as values with places.
//!
//! Read as Falco's yaml-cpp reads them: of a key that stands twice the first counts, every scalar
//! is a text that its reader makes something of, a plain `=` is one too. A file with one mistake
//! is refused as a whole.

use std::collections::HashMap;
use std::sync::Arc;

use granit_parser::{Event, Options, Parser, ScalarStyle, ScanError};
use plimsoll_model::text::{Span, offset};

/// How deep values may be nested.
const MAX_DEPTH: usize = 128;
/// How many values a file may have, aliases counted as what they stand for.
const MAX_NODES: u32 = 2_000_000;

/// A value and its place; what an alias stands for keeps the place of its anchor.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) value: Value,
    weight: u32,
}

/// What a value is.
#[derive(Debug)]
pub(crate) enum Value {
    Null,
    /// A text.
    Scalar(Box<str>),
    Sequence(Vec<Arc<Node>>),
    Mapping(Vec<(Arc<Node>, Arc<Node>)>),
}

/// Why a file is no YAML.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct YamlError {
    pub(crate) what: String,
    pub(crate) at: u32,
}

impl Node {
    /// The text of a scalar; of null the empty one.
    pub(crate) fn scalar(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    pub(crate) fn sequence(&self) -> Option<&[Arc<Self>]> {
        match &self.value {
            Value::Sequence(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn mapping(&self) -> Option<&[(Arc<Self>, Arc<Self>)]> {
        match &self.value {
            Value::Mapping(fields) => Some(fields),
            _ => None,
        }
    }

    /// The value of a key of a mapping.
    pub(crate) fn get(&self, key: &str) -> Option<&Arc<Self>> {
        self.mapping()?.iter().find(|(name, _)| name.scalar() == Some(key)).map(|(_, value)| value)
    }
}

/// A boolean, by the words of YAML 1.1 in their three spellings, in quotes or not.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    let lower = text.to_ascii_lowercase();
    let capital = {
        let mut all = lower.chars();
        all.next().map(|first| first.to_ascii_uppercase().to_string() + all.as_str())
    };
    let is_spelt = text == lower
        || text == lower.to_ascii_uppercase()
        || capital.is_some_and(|capital| text == capital);
    match lower.as_str() {
        _ if !is_spelt => None,
        "y" | "yes" | "true" | "on" => Some(true),
        "n" | "no" | "false" | "off" => Some(false),
        _ => None,
    }
}

/// The documents of a text.
pub(crate) fn read(text: &str) -> Result<Vec<Arc<Node>>, YamlError> {
    let mut reader = Reader {
        end: offset(text.len()),
        documents: Vec::new(),
        open: Vec::new(),
        anchors: HashMap::new(),
        left: MAX_NODES,
    };
    let mut options = Options::default();
    options.flow_nesting_limit = MAX_DEPTH;
    options.block_nesting_limit = MAX_DEPTH;
    options.set_emit_comments(false);
    for next in Parser::new_from_str_with_options(text, options) {
        let (event, span) = next.map_err(|error| syntax(&error, text))?;
        let range = span.byte_range().unwrap_or_default();
        let span =
            Span::new(offset(range.start).min(reader.end), offset(range.end).min(reader.end));
        reader.take(event, span)?;
    }
    Ok(reader.documents)
}

fn syntax(error: &ScanError, text: &str) -> YamlError {
    let info = error.info();
    // The one mistake that every second file has is named in the words that people search for.
    let what = if info.contains("mapping values are not allowed") {
        "illegal map value".to_owned()
    } else {
        info
    };
    let at = error.marker().byte_offset().unwrap_or(text.len());
    YamlError { what, at: offset(at.min(text.len())) }
}

/// A collection that has begun and not ended.
struct Open {
    start: Span,
    anchor: usize,
    weight: u32,
    items: Vec<Arc<Node>>,
    is_mapping: bool,
}

struct Reader {
    end: u32,
    documents: Vec<Arc<Node>>,
    open: Vec<Open>,
    anchors: HashMap<usize, Arc<Node>>,
    left: u32,
}

impl Reader {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), YamlError> {
        match event {
            Event::DocumentStart(..) => {
                self.open.clear();
                self.anchors.clear();
            }
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain
                    && !tag.is_some_and(|tag| tag.is_yaml_core_schema_tag("str"));
                let value = match &*text {
                    "" | "~" | "null" | "Null" | "NULL" if plain => Value::Null,
                    _ => Value::Scalar(text.into()),
                };
                return self.put(Node { span, value, weight: 1 }, anchor);
            }
            Event::SequenceStart(_, anchor, _) => self.begin(span, anchor, false),
            Event::MappingStart(_, anchor, _) => self.begin(span, anchor, true),
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else { return Ok(()) };
                let value = if open.is_mapping {
                    let mut items = open.items.into_iter();
                    let mut fields = Vec::new();
                    while let (Some(key), Some(value)) = (items.next(), items.next()) {
                        fields.push((key, value));
                    }
                    Value::Mapping(fields)
                } else {
                    Value::Sequence(open.items)
                };
                let span = open.start.join(span);
                return self.put(Node { span, value, weight: open.weight }, open.anchor);
            }
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    let what = "an alias stands within what it stands for".to_owned();
                    return Err(YamlError { what, at: span.start });
                };
                return self.add(node, span);
            }
            _ => {}
        }
        Ok(())
    }

    fn begin(&mut self, start: Span, anchor: usize, is_mapping: bool) {
        self.open.push(Open { start, anchor, weight: 1, items: Vec::new(), is_mapping });
    }

    fn put(&mut self, node: Node, anchor: usize) -> Result<(), YamlError> {
        let span = node.span;
        let node = Arc::new(node);
        if anchor != 0 {
            self.anchors.insert(anchor, Arc::clone(&node));
        }
        self.add(node, span)
    }

    fn add(&mut self, node: Arc<Node>, span: Span) -> Result<(), YamlError> {
        let Some(open) = self.open.last_mut() else {
            self.left = self.left.saturating_sub(node.weight);
            self.documents.push(node);
            return Ok(());
        };
        open.weight = open.weight.saturating_add(node.weight);
        if open.weight > self.left {
            let what = format!("the file has more than {MAX_NODES} values");
            return Err(YamlError { what, at: span.start });
        }
        open.items.push(node);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_plain_texts() {
        let documents = read("comps: [=, <, \"!=\"]\n").unwrap();
        let comps = documents[0].get("comps").unwrap().sequence().unwrap();
        let texts: Vec<_> = comps.iter().map(|item| item.scalar().unwrap()).collect();
        assert_eq!(texts, ["=", "<", "!="]);
    }

    #[test]
    fn of_a_key_that_stands_twice_the_first_counts() {
        let documents = read("a: 1\na: 2\n").unwrap();
        assert_eq!(documents[0].get("a").unwrap().scalar(), Some("1"));
    }

    #[test]
    fn bombs_end_at_a_limit() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..30 {
            let below = format!("*a{}, ", level - 1).repeat(10);
            text = format!("{text}a{level}: &a{level} [{below}]\n");
        }
        assert!(read(&text).unwrap_err().what.contains("more than 2000000 values"));
        for text in ["[".repeat(100_000), "- ".repeat(100_000)] {
            assert!(read(&text).is_err());
        }
        assert!(read("a: &a [*a]\n").is_err());
    }

    #[test]
    fn booleans_have_the_words_of_yaml_1_1() {
        assert_eq!(boolean("Yes"), Some(true));
        assert_eq!(boolean("OFF"), Some(false));
        assert_eq!(boolean("yEs"), None);
    }
}

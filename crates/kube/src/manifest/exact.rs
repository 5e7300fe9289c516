//! From JSON to values with their places in the text as it is.
//!
//! For the items of long lists, where YAML's reader would take too long. What the API server has
//! accepted is read exactly; a name that stands twice is refused, as two readers would see two
//! objects. <https://www.rfc-editor.org/rfc/rfc8259>

use std::collections::HashSet;
use std::sync::Arc;

use plimsoll_model::text::{Source, Span, offset};
use serde::de::IgnoredAny;

use super::Manifest;
use super::node::{Field, Mapping, Node, Scalar, ScalarStyle, Sequence, Value};

/// How deep values may be within values; as deep as serde's readers go.
const MAX_DEPTH: u32 = 128;

impl Manifest {
    /// Reads one JSON value and keeps its text; the error says where it is none.
    pub fn of_json(source: Source) -> Result<Self, String> {
        if let Some(line) = source.not_utf8() {
            return Err(format!("line {line} is not UTF-8"));
        }
        // The grammar is another's business; what follows finds the places.
        serde_json::from_str::<IgnoredAny>(source.text()).map_err(|error| error.to_string())?;
        let mut reader = Reader { text: source.text(), at: 0, nodes: 0 };
        let node = reader.value(0)?;
        Ok(Self { source, documents: vec![node], problems: Vec::new() })
    }

    /// The same for an item of a typed list, which says for all its items what they are.
    pub fn of_json_as(source: Source, api_version: &str, kind: &str) -> Result<Self, String> {
        let mut manifest = Self::of_json(source)?;
        if let Some(Value::Mapping(mapping)) =
            manifest.documents.first_mut().and_then(Arc::get_mut).map(|node| &mut node.value)
        {
            for (name, text) in [("apiVersion", api_version), ("kind", kind)] {
                if mapping.get(name).is_none() {
                    let at = Span::at(0);
                    let scalar = Scalar { text: text.into(), style: ScalarStyle::Quoted };
                    let value = Arc::new(Node::new(at, Value::Scalar(scalar)));
                    let field = Field { name: name.into(), name_span: at, value, merged: false };
                    mapping.fields.push(field);
                }
            }
        }
        Ok(manifest)
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    nodes: u32,
}

impl<'t> Reader<'t> {
    fn value(&mut self, depth: u32) -> Result<Arc<Node>, String> {
        self.nodes = self.nodes.saturating_add(1);
        if self.nodes > Manifest::MAX_NODES {
            return Err(format!("more than {} values", Manifest::MAX_NODES));
        }
        if depth > MAX_DEPTH {
            return Err(format!("more than {MAX_DEPTH} values within each other"));
        }
        let start = self.start();
        let mut weight = 1_u32;
        let value = match self.byte() {
            Some(b'{') => Value::Mapping(self.mapping(depth, &mut weight)?),
            Some(b'[') => Value::Sequence(self.sequence(depth, &mut weight)?),
            Some(b'"') => {
                let text = self.string()?;
                Value::Scalar(Scalar { text, style: ScalarStyle::Quoted })
            }
            _ => {
                let rest = self.rest();
                let end = rest.find([',', ']', '}', ' ', '\t', '\r', '\n']);
                let text = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
                self.at = self.at.saturating_add(text.len());
                Value::Scalar(Scalar { text: text.into(), style: ScalarStyle::Plain })
            }
        };
        Ok(Arc::new(Node { span: Span::new(offset(start), offset(self.at)), value, weight }))
    }

    fn mapping(&mut self, depth: u32, weight: &mut u32) -> Result<Mapping, String> {
        let mut mapping = Mapping { fields: Vec::new(), flow: true };
        self.step();
        while self.more(b'}')? {
            let start = self.start();
            let name = self.string()?;
            let name_span = Span::new(offset(start), offset(self.at));
            self.start();
            // The colon.
            self.step();
            let value = self.value(depth.saturating_add(1))?;
            *weight = weight.saturating_add(value.weight);
            mapping.fields.push(Field { name, name_span, value, merged: false });
        }
        let mut seen = HashSet::with_capacity(mapping.fields.len());
        match mapping.fields.iter().find(|field| !seen.insert(&*field.name)) {
            Some(twice) => Err(format!("`{}` stands twice", twice.name.escape_debug())),
            None => Ok(mapping),
        }
    }

    fn sequence(&mut self, depth: u32, weight: &mut u32) -> Result<Sequence, String> {
        let mut sequence = Sequence { items: Vec::new(), flow: true };
        self.step();
        while self.more(b']')? {
            let item = self.value(depth.saturating_add(1))?;
            *weight = weight.saturating_add(item.weight);
            sequence.items.push(item);
        }
        Ok(sequence)
    }

    /// Whether another part follows before `end`, which is passed.
    fn more(&mut self, end: u8) -> Result<bool, String> {
        self.start();
        if self.byte() == Some(b',') {
            self.step();
            self.start();
        }
        match self.byte() {
            None => Err("it ends within a value".into()),
            Some(byte) if byte == end => {
                self.step();
                Ok(false)
            }
            Some(_) => Ok(true),
        }
    }

    fn string(&mut self) -> Result<Box<str>, String> {
        let start = self.at;
        self.step();
        loop {
            let rest = self.rest().as_bytes();
            match memchr::memchr2(b'"', b'\\', rest) {
                None => return Err("a text does not end".into()),
                Some(ahead) if rest.get(ahead) == Some(&b'"') => {
                    self.at = self.at.saturating_add(ahead).saturating_add(1);
                    break;
                }
                Some(ahead) => self.at = self.at.saturating_add(ahead).saturating_add(2),
            }
        }
        let quoted = self.text.get(start..self.at).unwrap_or_default();
        if quoted.contains('\\') {
            return serde_json::from_str(quoted).map_err(|error| error.to_string());
        }
        Ok(quoted.trim_matches('"').into())
    }

    /// Passes what is blank: where the next value begins.
    fn start(&mut self) -> usize {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.step();
        }
        self.at
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<Manifest, String> {
        Manifest::of_json(Source::new(text))
    }

    #[test]
    fn every_value_keeps_its_place() {
        let manifest =
            parse("{ \"a\" : [1, -2,\n 1.50, null ],\"b\\u0063\":\"x\\\"y\"}\n").unwrap();
        let root = &manifest.documents[0];
        let slice = |node: &Node| manifest.source.slice(node.span);
        assert_eq!(slice(root.get("a").unwrap()), "[1, -2,\n 1.50, null ]");
        assert_eq!(slice(&root.list("a")[2]), "1.50");
        assert_eq!(manifest.source.position(root.list("a")[2].span.start).line, 2);
        assert_eq!(root.text("bc").unwrap().value, "x\"y");
        assert!(root.list("a")[3].is_null());
    }

    #[test]
    fn what_is_no_json_or_stands_twice_or_is_too_deep_is_refused() {
        for wrong in ["", "{", "{}{}", "{\"a\":1,\"a\":2}", "a: 1", "\"\\ud800\"", "[1,]", "\"a"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert!(parse(&format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))).is_err());
    }

    #[test]
    fn an_item_is_what_its_list_says_unless_it_says_it_itself() {
        let kinds = |text: &str| {
            let manifest = Manifest::of_json_as(Source::new(text), "v1", "Pod").unwrap();
            crate::objects(&manifest).0.first().map(|one| (one.called(), one.api_version.len()))
        };
        assert_eq!(kinds("{\"metadata\":{\"name\":\"a\"}}"), Some(("Pod/a".into(), 2)));
        assert_eq!(kinds("{\"kind\":\"Node\"}"), Some(("Node/(without a name)".into(), 2)));
    }

    proptest! {
        #[test]
        fn any_text_is_read_as_the_other_reader_of_json_reads_it(text in "[\\[\\]{}\",:a1 \\\\-]{0,24}") {
            let (own, other) = (parse(&text), Manifest::from_json(text.as_bytes()));
            if let (Ok(own), Ok(other)) = (&own, &other) {
                prop_assert_eq!(&own.documents[0], &other.documents[0]);
            }
            prop_assert!(own.is_ok() || other.is_err(), "{:?}", own.err());
        }
    }
}

//! From JSON to values, as an API server sends them.
//!
//! YAML reads most JSON as well, but a name of more than 1,024 letters is none to it and `"<<"` is a
//! merge. What an API server has accepted is read here exactly, and a name that stands twice is
//! refused: two readers would see two objects. The text that places refer to is written anew, so
//! every value has a place even where the JSON came without one.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use plimsoll_model::text::{Source, Span, offset};
use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};

use super::Manifest;
use super::node::{Field, Mapping, Node, Scalar, ScalarStyle, Sequence, Value};

impl Manifest {
    /// Reads one JSON value; the error says where it is none.
    pub fn from_json(bytes: &[u8]) -> Result<Self, String> {
        let writer = RefCell::new(Writer { text: String::with_capacity(bytes.len()), nodes: 0 });
        let mut reader = serde_json::Deserializer::from_slice(bytes);
        let node = Seed(&writer).deserialize(&mut reader).map_err(|error| error.to_string())?;
        reader.end().map_err(|error| error.to_string())?;
        let source = Source::new(writer.into_inner().text);
        Ok(Self { source, documents: vec![node], problems: Vec::new() })
    }
}

/// The text as far as it is written.
struct Writer {
    text: String,
    nodes: u32,
}

impl Writer {
    fn quoted(&mut self, text: &str) {
        // A text is always written.
        self.text.push_str(&serde_json::to_string(text).unwrap_or_default());
    }
}

struct Seed<'w>(&'w RefCell<Writer>);

impl Seed<'_> {
    fn at(&self) -> u32 {
        offset(self.0.borrow().text.len())
    }

    fn put(&self, text: &str) {
        self.0.borrow_mut().text.push_str(text);
    }

    fn scalar(&self, text: &str, style: ScalarStyle) -> Arc<Node> {
        let start = self.at();
        match style {
            ScalarStyle::Plain => self.put(text),
            _ => self.0.borrow_mut().quoted(text),
        }
        let value = Value::Scalar(Scalar { text: text.into(), style });
        Arc::new(Node { span: Span::new(start, self.at()), value, weight: 1 })
    }

    fn count<E: Error>(&self) -> Result<(), E> {
        let mut writer = self.0.borrow_mut();
        writer.nodes = writer.nodes.saturating_add(1);
        if writer.nodes > Manifest::MAX_NODES {
            return Err(E::custom(format!("more than {} values", Manifest::MAX_NODES)));
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Arc<Node>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Arc<Node>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Arc<Node>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Arc<Node>, E> {
        self.count()?;
        Ok(self.scalar("null", ScalarStyle::Plain))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Arc<Node>, E> {
        self.count()?;
        Ok(self.scalar(if value { "true" } else { "false" }, ScalarStyle::Plain))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Arc<Node>, E> {
        self.count()?;
        Ok(self.scalar(&value.to_string(), ScalarStyle::Plain))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Arc<Node>, E> {
        self.count()?;
        Ok(self.scalar(&value.to_string(), ScalarStyle::Plain))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Arc<Node>, E> {
        self.count()?;
        Ok(self.scalar(&format!("{value:?}"), ScalarStyle::Plain))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Arc<Node>, E> {
        self.count()?;
        Ok(self.scalar(value, ScalarStyle::Quoted))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Arc<Node>, A::Error> {
        self.count()?;
        let start = self.at();
        self.put("[");
        let mut sequence = Sequence { items: Vec::new(), flow: true };
        let mut weight = 1_u32;
        let mut before = self.at();
        while let Some(node) = items.next_element_seed(Self(self.0))? {
            weight = weight.saturating_add(node.weight);
            sequence.items.push(node);
            before = self.at();
            self.put(",");
        }
        self.0.borrow_mut().text.truncate(before as usize);
        self.put("]");
        let span = Span::new(start, self.at());
        Ok(Arc::new(Node { span, value: Value::Sequence(sequence), weight }))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Arc<Node>, A::Error> {
        self.count()?;
        let start = self.at();
        self.put("{");
        let mut mapping = Mapping { fields: Vec::new(), flow: true };
        let mut weight = 1_u32;
        let mut seen = HashSet::new();
        let mut before = self.at();
        while let Some(name) = fields.next_key::<Box<str>>()? {
            if !seen.insert(name.clone()) {
                return Err(A::Error::custom(format!("`{}` stands twice", name.escape_debug())));
            }
            let name_start = self.at();
            self.0.borrow_mut().quoted(&name);
            let name_span = Span::new(name_start, self.at());
            self.put(":");
            let value = fields.next_value_seed(Self(self.0))?;
            weight = weight.saturating_add(value.weight);
            mapping.fields.push(Field { name, name_span, value, merged: false });
            before = self.at();
            self.put(",");
        }
        self.0.borrow_mut().text.truncate(before as usize);
        self.put("}");
        let span = Span::new(start, self.at());
        Ok(Arc::new(Node { span, value: Value::Mapping(mapping), weight }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Manifest, String> {
        Manifest::from_json(text.as_bytes())
    }

    #[test]
    fn every_value_has_its_place_in_the_text_that_is_written_anew() {
        let manifest =
            parse("{ \"a\" : [1, -2, 1.5, null, true, \"\\u003c\"],\n\"b\":{} }").unwrap();
        assert_eq!(manifest.source.text(), r#"{"a":[1,-2,1.5,null,true,"<"],"b":{}}"#);
        let root = &manifest.documents[0];
        assert_eq!(
            manifest.source.slice(root.get("a").unwrap().span),
            r#"[1,-2,1.5,null,true,"<"]"#
        );
        assert_eq!(root.list("a")[5].as_str(), Some("<"));
        assert_eq!(root.list("a")[1].as_integer(), Some(-2));
        assert!(root.list("a")[3].is_null());
    }

    #[test]
    fn words_are_texts_and_a_merge_is_a_name() {
        let manifest = parse(r#"{"a": "yes", "<<": {"b": 1}}"#).unwrap();
        let root = &manifest.documents[0];
        assert_eq!(root.text("a").unwrap().value, "yes");
        assert!(root.get("b").is_none() && root.at(&["<<", "b"]).is_some());
        let long = "k".repeat(5000);
        assert!(parse(&format!("{{\"{long}\": 1}}")).unwrap().documents[0].get(&long).is_some());
    }

    #[test]
    fn what_is_no_json_or_stands_twice_or_is_too_deep_is_refused() {
        for wrong in ["", "{", "{}{}", "{\"a\":1,\"a\":2}", "a: 1", "\"\\ud800\"", "[1,]"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert!(parse(&"[".repeat(100_000)).is_err());
        assert!(parse(&format!("[{}0]", "0,".repeat(2_000_000))).is_err());
    }
}

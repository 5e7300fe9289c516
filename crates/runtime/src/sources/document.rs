//! A JSON document with its keys in their order, of which the first of a name counts.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::event::{Arena, Value, Values};

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`, `true`, `false` or a number, as it is written.
    Plain(Box<str>),
    /// A text.
    Text(Box<str>),
    /// Values in brackets.
    Array(Vec<Json>),
    /// Keys and their values.
    Object(Vec<(Box<str>, Json)>),
}

impl Json {
    /// What stands under a key, or of an array at a place.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(fields) => {
                fields.iter().find(|(name, _)| **name == *key).map(|(_, value)| value)
            }
            Self::Array(items) => items.get(key.parse::<usize>().ok()?),
            _ => None,
        }
    }

    /// What stands under one key after the other.
    pub fn at(&self, keys: &[&str]) -> Option<&Self> {
        keys.iter().try_fold(self, |value, key| value.get(key))
    }

    /// The text of a text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items of an array.
    pub fn items(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// Whether it is `true`.
    pub fn is_true(&self) -> bool {
        matches!(self, Self::Plain(word) if **word == *"true")
    }

    /// The value as a field shows it: a text as it is, anything else as JSON.
    pub fn shown<'e>(&'e self, arena: &'e Arena) -> &'e str {
        match self {
            Self::Plain(text) | Self::Text(text) => text,
            _ => arena.alloc_str(&self.to_string()),
        }
    }

    /// The same as a value.
    pub fn value<'e>(&'e self, arena: &'e Arena) -> Value<'e> {
        Value::text(self.shown(arena))
    }

    /// The values of a field that may not be there.
    pub fn field<'e>(value: Option<&'e Self>, arena: &'e Arena) -> Values<'e> {
        value.map(|value| value.value(arena)).into()
    }

    /// The document laid out over several lines.
    pub fn pretty(&self, depth: usize, into: &mut String) {
        let line = |depth: usize, into: &mut String| {
            into.push('\n');
            into.push_str(&"  ".repeat(depth));
        };
        let below = depth.saturating_add(1);
        match self {
            Self::Array(items) if !items.is_empty() => {
                into.push('[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        into.push(',');
                    }
                    line(below, into);
                    item.pretty(below, into);
                }
                line(depth, into);
                into.push(']');
            }
            Self::Object(fields) if !fields.is_empty() => {
                into.push('{');
                for (at, (name, value)) in fields.iter().enumerate() {
                    if at > 0 {
                        into.push(',');
                    }
                    line(below, into);
                    into.push_str(&quoted(name));
                    into.push_str(": ");
                    value.pretty(below, into);
                }
                line(depth, into);
                into.push('}');
            }
            _ => into.push_str(&self.to_string()),
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(text) => f.write_str(text),
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::Array(items) => {
                f.write_str("[")?;
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        f.write_str(",")?;
                    }
                    write!(f, "{item}")?;
                }
                f.write_str("]")
            }
            Self::Object(fields) => {
                f.write_str("{")?;
                for (at, (name, value)) in fields.iter().enumerate() {
                    if at > 0 {
                        f.write_str(",")?;
                    }
                    write!(f, "{}:{value}", quoted(name))?;
                }
                f.write_str("}")
            }
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Plain(if value { "true" } else { "false" }.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Plain(value.to_string().into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Plain(value.to_string().into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Plain(serde_json::Value::from(value).to_string().into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Plain("null".into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut fields = Vec::new();
        while let Some((name, value)) = access.next_entry::<String, Json>()? {
            fields.push((name.into_boxed_str(), value));
        }
        Ok(Json::Object(fields))
    }
}

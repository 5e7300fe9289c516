//! JSON of which every key counts once.
//!
//! Two parsers that disagree on which of two equal keys counts let one see what was signed and
//! another what was not, so a document with a key twice is refused at any depth. The depth itself
//! is bounded by `serde_json` at 128.

use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::de::{self, DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use crate::error::Error;

/// Reads a document of kind `what` in which no object has a key twice.
pub(crate) fn value(what: &'static str, bytes: &[u8]) -> Result<Value, Error> {
    let strict: Strict = serde_json::from_slice(bytes).map_err(|error| broken(what, &error))?;
    Ok(strict.0)
}

/// Reads a document of kind `what` in which no object has a key twice, as a `T`.
pub(crate) fn document<T: DeserializeOwned>(what: &'static str, bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_value(value(what, bytes)?).map_err(|error| broken(what, &error))
}

/// The documents of kind `what` that stand one a line; where the first line is none, there is one
/// over all lines.
pub(crate) fn lines<'b>(what: &'static str, bytes: &'b [u8]) -> Vec<&'b [u8]> {
    let lines: Vec<&[u8]> = bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.iter().all(u8::is_ascii_whitespace))
        .collect();
    match lines.first() {
        Some(first) if value(what, first).is_ok() => lines,
        _ => vec![bytes],
    }
}

fn broken(what: &'static str, error: &serde_json::Error) -> Error {
    Error::malformed(what, error.to_string())
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((key, Strict(value))) = entries.next_entry::<String, Strict>()? {
            if map.contains_key(&key) {
                return Err(de::Error::custom(format!("key `{key}` is there twice")));
            }
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

/// Bytes that JSON writes as base64, of the standard or the URL-safe alphabet, padded or not, as
/// protocol buffers allow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl Bytes {
    /// The bytes that `text` stands for; line breaks in it do not count, as in Go.
    pub fn decode(text: &str) -> Option<Self> {
        if text.contains(['\r', '\n']) {
            return Self::decode(&text.replace(['\r', '\n'], ""));
        }
        let url_safe = text.contains(['-', '_']);
        let engine = if url_safe { &URL_SAFE } else { &STANDARD };
        engine.decode(text).ok().map(Self)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::decode(&text).ok_or_else(|| de::Error::custom("a text that is not base64"))
    }
}

impl Serialize for Bytes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// A whole number of 64 bits, which protocol buffers write as text and others as a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Int64(pub(crate) i64);

impl<'de> Deserialize<'de> for Int64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(i64),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Number(number) => Ok(Self(number)),
            Written::Text(text) => text
                .parse()
                .map(Self)
                .map_err(|_| de::Error::custom(format!("`{text}` is not a whole number"))),
        }
    }
}

impl Serialize for Int64 {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_counts_once_at_any_depth() {
        assert!(value("x", br#"{"a": 1, "b": {"a": [1, null, true, -2, 0.5]}}"#).is_ok());
        let refused = value("x", br#"{"a": [{"b": 1, "b": 1}]}"#).expect_err("twice");
        assert!(refused.to_string().contains("key `b` is there twice"), "{refused}");
        assert!(value("x", b"{} {}").is_err());
        assert!(value("x", "[".repeat(100_000).as_bytes()).is_err());
    }

    #[test]
    fn base64_is_of_either_alphabet_but_not_of_both() {
        assert_eq!(Bytes::decode("+/8="), Some(Bytes(vec![0xfb, 0xff])));
        assert_eq!(Bytes::decode("-_8"), Some(Bytes(vec![0xfb, 0xff])));
        assert_eq!(Bytes::decode("+_8="), None);
        assert_eq!(Bytes::decode("+/9="), None, "bits beyond the last byte");
        assert_eq!(Bytes::decode("+/8 ="), None);
    }

    #[test]
    fn a_number_may_be_text() {
        let read = |text: &str| serde_json::from_str::<Int64>(text).ok().map(|it| it.0);
        assert_eq!(read("\"12\""), Some(12));
        assert_eq!(read("12"), Some(12));
        assert_eq!(read("\"1.5\""), None);
    }
}

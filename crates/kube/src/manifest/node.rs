//! A value of a manifest, with the place of each part.

use std::sync::Arc;

use plimsoll_model::text::Span;

/// A value and its place. What an alias stands for keeps the place of its anchor.
#[derive(Debug, Clone)]
pub struct Node {
    /// The value's place, without its comments; of a block mapping from its first key on.
    pub span: Span,
    /// The value.
    pub value: Value,
    /// How many nodes it has, itself and what aliases stand for counted; saturating.
    pub(crate) weight: u32,
}

/// What a value is.
#[derive(Debug, Clone)]
pub enum Value {
    /// A text, number, boolean or null.
    Scalar(Scalar),
    /// A list.
    Sequence(Sequence),
    /// Fields.
    Mapping(Mapping),
}

/// A text, number, boolean or null, as it is written.
#[derive(Debug, Clone)]
pub struct Scalar {
    /// The text, with escapes resolved.
    pub text: Box<str>,
    /// What kinds of value the text may be.
    pub style: ScalarStyle,
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalarStyle {
    /// Without quotes: what it looks like.
    Plain,
    /// In quotes, or tagged as one: a text.
    Quoted,
    /// After `|` or `>`: a text of lines.
    Block,
}

/// A list.
#[derive(Debug, Clone, Default)]
pub struct Sequence {
    /// The items.
    pub items: Vec<Arc<Node>>,
    /// Whether it is written in brackets.
    pub flow: bool,
}

/// Fields in their order; of two with one name the last counts.
#[derive(Debug, Clone, Default)]
pub struct Mapping {
    /// The fields.
    pub fields: Vec<Field>,
    /// Whether it is written in braces.
    pub flow: bool,
}

/// A name and a value.
#[derive(Debug, Clone)]
pub struct Field {
    /// The name.
    pub name: Box<str>,
    /// The name's place.
    pub name_span: Span,
    /// The value.
    pub value: Arc<Node>,
    /// Whether it came in by a merge key, `<<`.
    pub merged: bool,
}

impl Node {
    /// A value that was written nowhere, as if it stood at a place.
    pub(crate) fn new(span: Span, value: Value) -> Self {
        Self { span, value, weight: 1 }
    }

    /// The fields, where the value is a mapping.
    pub fn as_mapping(&self) -> Option<&Mapping> {
        if let Value::Mapping(mapping) = &self.value { Some(mapping) } else { None }
    }

    /// The items, where the value is a list; none where it is something else.
    pub fn items(&self) -> &[Arc<Node>] {
        if let Value::Sequence(sequence) = &self.value { &sequence.items } else { &[] }
    }

    /// The value of a field, where this is a mapping that has it and it is not null.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.as_mapping()?.get(name)
    }

    /// The value down a path of fields.
    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, name| node.get(name))
    }

    /// The text, where the value is one and not a number, boolean or null.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(scalar) if scalar.is_text() => Some(&scalar.text),
            _ => None,
        }
    }

    /// The whole number, where the value is one.
    pub fn as_integer(&self) -> Option<i64> {
        if let Value::Scalar(scalar) = &self.value { scalar.as_integer() } else { None }
    }

    /// Whether there is no value: `null`, `~`, or nothing at all.
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(scalar) if scalar.is_null())
    }

    /// What it is, in words: "a list".
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a mapping",
            Value::Scalar(scalar) if scalar.is_null() => "null",
            Value::Scalar(scalar) if scalar.as_bool().is_some() => "a boolean",
            Value::Scalar(scalar) if scalar.is_text() => "a text",
            Value::Scalar(_) => "a number",
        }
    }
}

impl Mapping {
    /// Whether both have the same fields; of many fields also in the same order, because looking
    /// each of them up would take too long.
    fn says_what(&self, other: &Self) -> bool {
        const MANY: usize = 64;
        let (own, others) = (&self.fields, &other.fields);
        own.len() == others.len()
            && if own.len() > MANY {
                let same = |(one, other): (&Field, &Field)| {
                    one.name == other.name && one.value == other.value
                };
                own.iter().zip(others).all(same)
            } else {
                own.iter()
                    .all(|one| other.field(&one.name).is_some_and(|other| other.value == one.value))
            }
    }

    /// The field of that name, where there is one; its value may be null.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().rev().find(|field| &*field.name == name)
    }

    /// The value of a field, where it is not null.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.field(name).map(|field| &*field.value).filter(|value| !value.is_null())
    }
}

/// A value and its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub span: Span,
}

/// Whether two values say the same, wherever they stand and however they are written. What one
/// anchor stands for is one value, so that aliases of aliases cost nothing.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        if std::ptr::eq(self, other) {
            return true;
        }
        match (&self.value, &other.value) {
            (Value::Scalar(one), Value::Scalar(other)) => one.text == other.text,
            (Value::Sequence(one), Value::Sequence(other)) => one.items == other.items,
            (Value::Mapping(one), Value::Mapping(other)) => one.says_what(other),
            _ => false,
        }
    }
}

/// A field as the type that the API gives it. One of another type is as good as absent here:
/// [`crate::Pod::problems`] names it.
impl Node {
    /// A boolean.
    pub fn boolean(&self, name: &str) -> Option<Located<bool>> {
        let node = self.get(name)?;
        let Value::Scalar(scalar) = &node.value else { return None };
        scalar.as_bool().map(|value| Located { value, span: node.span })
    }

    /// A whole number.
    pub fn integer(&self, name: &str) -> Option<Located<i64>> {
        let node = self.get(name)?;
        node.as_integer().map(|value| Located { value, span: node.span })
    }

    /// A text.
    pub fn text(&self, name: &str) -> Option<Located<&str>> {
        let node = self.get(name)?;
        node.as_str().map(|value| Located { value, span: node.span })
    }

    /// A list of texts; null among them is the empty one.
    pub fn texts(&self, name: &str) -> impl Iterator<Item = Located<&str>> {
        self.list(name).iter().filter_map(|item| {
            let value = if item.is_null() { Some("") } else { item.as_str() };
            value.map(|value| Located { value, span: item.span })
        })
    }

    /// A list of anything.
    pub fn list(&self, name: &str) -> &[Arc<Node>] {
        self.get(name).map_or(&[], Self::items)
    }
}

//! Fields and what transformers make of them, numbered so that each is read once an event.

use std::collections::HashMap;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bumpalo::collections::Vec as ArenaVec;

use super::getopt;
use crate::check::{Typed, typed};
use crate::condition::ast::{Argument, Operand, OperandKind};
use crate::event::{Arena, Event, FieldRef, Value, Values, generic};
use crate::fields::{Kind, Source};

/// A side of a comparison.
#[derive(Debug)]
pub(crate) struct Side {
    pub(crate) from: From,
    pub(crate) kind: Kind,
    /// Whether it has several values that are compared together: `in` is for all of them.
    pub(crate) list: bool,
}

/// Where its values come from.
#[derive(Debug)]
pub(crate) enum From {
    Generic(FieldRef),
    Field(FieldRef),
    Text(Box<[u8]>),
    List(Vec<u32>),
    Transformed { by: &'static str, of: Vec<u32>, selected: Option<u8> },
}

/// Every side that conditions or outputs of one source name, each once; what one is made of stands
/// before it.
#[derive(Debug, Default)]
pub(crate) struct Sides {
    pub(crate) all: Vec<Side>,
    by_text: HashMap<String, u32>,
}

/// What a field is read from.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'e> {
    pub(crate) event: &'e dyn Event,
    pub(crate) arena: &'e Arena,
    pub(crate) host: Option<&'e str>,
}

impl Side {
    /// What it is, whether it is a list, and the field's name if it is one.
    pub(crate) fn about(&self) -> (Kind, bool, &'static str) {
        let name = match &self.from {
            From::Generic(field) | From::Field(field) => field.name,
            _ => "",
        };
        (self.kind, self.list, name)
    }
}

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

impl Sides {
    pub(crate) fn get(&self, id: u32) -> Option<&Side> {
        self.all.get(id as usize)
    }

    /// A side as it is written.
    pub(crate) fn text(&self, id: u32) -> Option<&str> {
        self.by_text.iter().find(|(_, known)| **known == id).map(|(text, _)| text.as_str())
    }

    /// The number of a side; none where the check of the condition has refused it before.
    pub(crate) fn add(&mut self, operand: &Operand, source: Source) -> Option<u32> {
        let text = operand.to_string();
        if let Some(known) = self.by_text.get(&text) {
            return Some(*known);
        }
        let Typed { kind, list, .. } = typed(operand, source).ok()?;
        let side = match &operand.kind {
            OperandKind::Field { name, argument } => {
                let argument = argument.as_ref().map(|argument| argument.text());
                let field = FieldRef::resolve(source, name, argument.as_deref()).ok()?;
                let kind = if field.name == "evt.rawarg" { field.kind } else { kind };
                let from = if generic::is_generic(&field) {
                    From::Generic(field)
                } else {
                    From::Field(field)
                };
                Side { from, kind, list }
            }
            OperandKind::Transformed { by, values, argument } => {
                let of: Option<Vec<u32>> =
                    values.iter().map(|value| self.argument(value, source)).collect();
                let selected = argument.as_ref().and_then(|it| it.0.first().copied());
                let list = list && selected.is_none();
                Side { from: From::Transformed { by, of: of?, selected }, kind, list }
            }
        };
        self.push(text, side)
    }

    fn push(&mut self, text: String, side: Side) -> Option<u32> {
        let id = u32::try_from(self.all.len()).ok()?;
        self.all.push(side);
        self.by_text.insert(text, id);
        Some(id)
    }

    fn argument(&mut self, argument: &Argument, source: Source) -> Option<u32> {
        match argument {
            Argument::Operand(operand) => self.add(operand, source),
            Argument::Value(literal) => {
                let from = From::Text(literal.0.as_slice().into());
                let side = Side { from, kind: Kind::Text, list: false };
                self.push(format!("\"{}", literal.text()), side)
            }
            Argument::List(values) => {
                let of: Option<Vec<u32>> =
                    values.iter().map(|value| self.argument(value, source)).collect();
                let of = of?;
                let text = format!("({of:?}");
                self.push(text, Side { from: From::List(of), kind: Kind::Text, list: true })
            }
        }
    }
}

/// The values of a side; `other` gives those of the sides that it is made of.
pub(crate) fn values<'e>(
    side: &'e Side,
    reading: Reading<'e>,
    mut other: impl FnMut(u32) -> Values<'e>,
) -> Values<'e> {
    let Reading { event, arena, host } = reading;
    match &side.from {
        From::Field(field) => event.field(field, arena),
        From::Generic(field) => generic::field(event, field.name, host, arena),
        From::Text(text) => Values::One(Value::Bytes(text)),
        From::List(of) => {
            let mut all = ArenaVec::new_in(arena);
            for id in of {
                match other(*id) {
                    Values::Absent => return Values::Absent,
                    values => all.extend_from_slice(values.as_slice()),
                }
            }
            Values::Many(all.into_bump_slice())
        }
        From::Transformed { by, of, selected } => {
            let mut each = of.iter().map(|id| other(*id));
            let Some(first) = each.next() else { return Values::Absent };
            let second = each.next();
            match (*by, second) {
                ("val", _) => first,
                ("len", _) => length(&first),
                ("join", Some(list)) => joined(&first, &list, arena),
                ("getopt", Some(options)) => options_of(&first, &options, *selected, arena),
                ("concat", second) => {
                    let mut text = ArenaVec::new_in(arena);
                    for values in [first].into_iter().chain(second).chain(each) {
                        match values.as_slice().first() {
                            Some(Value::Bytes(bytes)) => text.extend_from_slice(bytes),
                            _ => return Values::Absent,
                        }
                    }
                    Values::One(Value::Bytes(text.into_bump_slice()))
                }
                _ => mapped(&first, by, side.kind, arena),
            }
        }
    }
}

/// How many values a list has, or bytes a text.
fn length<'e>(values: &Values<'_>) -> Values<'e> {
    let count = match values {
        Values::Absent => return Values::Absent,
        Values::Many(all) => all.len(),
        Values::One(Value::Bytes(bytes)) => bytes.len(),
        Values::One(_) => 0,
    };
    Values::One(Value::Unsigned(count as u64))
}

fn texts<'v, 'e>(values: &'v Values<'e>) -> impl Iterator<Item = &'e [u8]> + use<'v, 'e> {
    values.as_slice().iter().filter_map(|value| value.bytes())
}

fn joined<'e>(between: &Values<'e>, list: &Values<'e>, arena: &'e Arena) -> Values<'e> {
    let Some(between) = texts(between).next() else { return Values::Absent };
    if list.is_absent() {
        return Values::Absent;
    }
    let mut text = ArenaVec::new_in(arena);
    for (at, part) in texts(list).enumerate() {
        if at > 0 {
            text.extend_from_slice(between);
        }
        text.extend_from_slice(part);
    }
    Values::One(Value::Bytes(text.into_bump_slice()))
}

fn options_of<'e>(
    arguments: &Values<'e>,
    options: &Values<'e>,
    selected: Option<u8>,
    arena: &'e Arena,
) -> Values<'e> {
    let Some(options) = texts(options).next() else { return Values::Absent };
    if arguments.is_absent() {
        return Values::Absent;
    }
    let mut words = ArenaVec::new_in(arena);
    words.extend(texts(arguments));
    let mut found = ArenaVec::new_in(arena);
    getopt::read(&words, options, selected, |value| found.push(Value::Bytes(value)));
    match selected {
        Some(_) => found.last().copied().into(),
        None => Values::Many(found.into_bump_slice()),
    }
}

/// Each text transformed by itself.
fn mapped<'e>(values: &Values<'e>, by: &str, kind: Kind, arena: &'e Arena) -> Values<'e> {
    let one = |value: Value<'e>| {
        let bytes = value.bytes()?;
        Some(Value::Bytes(match by {
            "tolower" => {
                let text = arena.alloc_slice_copy(bytes);
                text.make_ascii_lowercase();
                text
            }
            "toupper" => {
                let text = arena.alloc_slice_copy(bytes);
                text.make_ascii_uppercase();
                text
            }
            "basename" => bytes.rsplit(|byte| *byte == b'/').next().unwrap_or(bytes),
            "b64" => {
                let buffer = arena.alloc_slice_fill_copy(bytes.len(), 0);
                let length = BASE64.decode_slice(bytes, buffer).ok()?;
                let decoded: &[u8] = buffer;
                let decoded = decoded.get(..length)?;
                return Some(if kind == Kind::Bytes {
                    Value::Bytes(decoded)
                } else {
                    Value::c_string(decoded)
                });
            }
            _ => return None,
        }))
    };
    match values {
        Values::Absent => Values::Absent,
        Values::One(value) => one(*value).into(),
        Values::Many(all) => {
            let mut changed = ArenaVec::with_capacity_in(all.len(), arena);
            for value in *all {
                match one(*value) {
                    Some(value) => changed.push(value),
                    None => return Values::Absent,
                }
            }
            Values::Many(changed.into_bump_slice())
        }
    }
}

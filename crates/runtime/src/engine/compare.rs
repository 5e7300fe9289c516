//! Comparisons with their right sides ready: sets hashed, patterns compiled.
//!
//! After libsinsp's `filter_compare.cpp` and `sinsp_filtercheck.cpp`: what has no value is equal to
//! nothing and unequal to nothing.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::net::IpAddr;

use aho_corasick::AhoCorasick;
use foldhash::fast::RandomState;
use memchr::memmem::Finder;
use regex::bytes::{Regex, RegexBuilder};

use super::constant::{self, Constant, Network};
use super::glob;
use super::operand::{From, Side};
use super::paths::Paths;
use crate::condition::ast::{Literal, Op};
use crate::event::{Argument, Value, Values};
use crate::fields::Kind;

/// A comparison of one side with values.
#[derive(Debug)]
pub(super) struct Comparison {
    pub(super) side: u32,
    pub(super) how: How,
    pub(super) which: Which,
}

/// For which of several values it has to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Any,
    All,
}

/// What has to hold for a value.
#[derive(Debug)]
pub(super) enum How {
    Exists,
    /// One of these texts.
    Texts(HashSet<Box<[u8]>, RandomState>),
    /// Not this text.
    NotText(Box<[u8]>),
    /// A text that stands so to this one in the order of bytes.
    Order(Order, Box<[u8]>),
    Contains(Box<Finder<'static>>),
    ContainsIgnoringCase(Box<AhoCorasick>),
    Starts(Box<[u8]>),
    Ends(Box<[u8]>),
    /// A shell pattern; none where it matches nothing.
    Glob(Option<Box<Regex>>),
    Regex(Box<Regex>),
    Paths(Paths),
    /// One of these numbers, which are sorted.
    Numbers(Box<[i128]>),
    NotNumber(i128),
    NumberOrder(Order, i128),
    Double(Order, f64),
    /// One of these addresses or in one of these networks.
    Addresses(Box<[IpAddr]>, Box<[Network]>),
    NotAddress(Box<Self>),
    /// `oneof`, `anyof`, `allof`.
    Some(&'static str, Box<[Self]>),
    /// It is compared to another side.
    Other(Op, u32),
    /// The event's time is at most so many nanoseconds from this one.
    Around(u64, u64),
    Never,
}

/// How two values stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Order {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "=" | "==" => Self::Equal,
            "!=" => Self::NotEqual,
            "<" => Self::Less,
            "<=" => Self::AtMost,
            ">" => Self::Greater,
            ">=" => Self::AtLeast,
            _ => return None,
        })
    }

    fn holds<T: PartialOrd + ?Sized>(self, left: &T, right: &T) -> bool {
        let order = left.partial_cmp(right);
        match self {
            Self::Equal => order == Some(Ordering::Equal),
            Self::NotEqual => order != Some(Ordering::Equal),
            Self::Less => order == Some(Ordering::Less),
            Self::AtMost => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Self::Greater => order == Some(Ordering::Greater),
            Self::AtLeast => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        }
    }
}

/// Fields that stand for either end of a connection: `!=` is for both.
const BOTH_ENDS: [&str; 4] = ["fd.ip", "fd.net", "fd.port", "fd.proto"];

impl Comparison {
    pub(super) fn new(id: u32, side: &Side, op: Op, values: &[Literal]) -> Self {
        let how = how(side, op, values).unwrap_or(How::Never);
        Self { side: id, how, which: which(side, op) }
    }

    pub(super) fn exists(id: u32) -> Self {
        Self { side: id, how: How::Exists, which: Which::Any }
    }

    pub(super) fn with_side(id: u32, side: &Side, op: Op, other: u32) -> Self {
        Self { side: id, how: How::Other(op, other), which: which(side, op) }
    }

    /// Whether it holds for these values; `other` gives those of another side.
    pub(super) fn holds<'e>(
        &self,
        values: &Values<'e>,
        time: u64,
        other: impl FnOnce(u32) -> Values<'e>,
    ) -> bool {
        let all = match (&self.how, values) {
            (How::Around(at, distance), _) => {
                return *at >= time.saturating_sub(*distance)
                    && *at <= time.saturating_add(*distance);
            }
            (_, Values::Absent) => return false,
            (How::Exists, _) => return true,
            (_, values) => values.as_slice(),
        };
        if let How::Other(op, id) = &self.how {
            let right = other(*id);
            if right.is_absent() {
                return false;
            }
            return self.quantified(all, |value| to_others(*op, value, right.as_slice()));
        }
        self.quantified(all, |value| self.how.holds(value))
    }

    fn quantified<'e>(&self, all: &[Value<'e>], holds: impl Fn(Value<'e>) -> bool) -> bool {
        match self.which {
            Which::Any => all.iter().any(|value| holds(*value)),
            Which::All => all.iter().all(|value| holds(*value)),
        }
    }

    /// Whether it is for certain values and no other, so that a table can say it.
    pub(super) fn is_filed(&self) -> bool {
        self.which == Which::Any
            && match &self.how {
                How::Texts(_) | How::Numbers(_) => true,
                How::Addresses(_, networks) => networks.is_empty(),
                _ => false,
            }
    }

    /// How much work it is, in no unit.
    pub(super) fn cost(&self) -> u32 {
        match &self.how {
            How::Exists
            | How::Numbers(_)
            | How::NotNumber(_)
            | How::NumberOrder(..)
            | How::Never
            | How::Double(..)
            | How::Around(..)
            | How::NotAddress(_) => 1,
            How::Texts(_) | How::NotText(_) | How::Starts(_) | How::Ends(_) => 2,
            How::Order(..) | How::Addresses(..) => 3,
            How::Other(..) => 4,
            How::Contains(_) | How::Paths(_) => 8,
            How::ContainsIgnoringCase(_) | How::Some(..) => 12,
            How::Glob(_) | How::Regex(_) => 30,
        }
    }
}

fn which(side: &Side, op: Op) -> Which {
    let both = match &side.from {
        From::Field(field) => BOTH_ENDS.contains(&field.name) && op.name == "!=",
        _ => false,
    };
    if both || side.list && op.name == "in" { Which::All } else { Which::Any }
}

fn how(side: &Side, op: Op, values: &[Literal]) -> Option<How> {
    if let From::Field(field) = &side.from
        && let ("evt.around", Argument::Index(at)) = (field.name, &field.argument)
    {
        let milliseconds: u64 = values.first()?.text().parse().ok()?;
        return Some(How::Around(*at, milliseconds.saturating_mul(1_000_000)));
    }
    if let Some(modifier) = op.modifier {
        let plain = Op::plain(op.name);
        let each: Option<Box<[How]>> = values
            .iter()
            .map(|value| single(side.kind, plain, std::slice::from_ref(value)))
            .collect();
        return each.map(|each| How::Some(modifier, each));
    }
    single(side.kind, op, values)
}

fn single(kind: Kind, op: Op, values: &[Literal]) -> Option<How> {
    let constants: Option<Vec<Constant>> =
        values.iter().map(|value| constant::parse(kind, op.name, value)).collect();
    let constants = constants?;
    let order = Order::named(op.name);
    match kind {
        Kind::Text | Kind::Bytes | Kind::Opaque => text(op, order, values, constants),
        Kind::Address | Kind::Network => {
            let mut addresses = Vec::new();
            let mut networks = Vec::new();
            for constant in constants {
                match constant {
                    Constant::Address(address) => addresses.push(address),
                    Constant::Network(network) => networks.push(network),
                    _ => return None,
                }
            }
            let one_of = How::Addresses(addresses.into(), networks.into());
            let is_not = order == Some(Order::NotEqual);
            Some(if is_not { How::NotAddress(Box::new(one_of)) } else { one_of })
        }
        Kind::Double => match (order, constants.first()?) {
            (Some(order), Constant::Double(number)) => Some(How::Double(order, *number)),
            (None, Constant::Double(_)) => {
                let each = constants.iter().map(|constant| match constant {
                    Constant::Double(number) => How::Double(Order::Equal, *number),
                    _ => How::Never,
                });
                Some(How::Some("anyof", each.collect()))
            }
            _ => None,
        },
        _ => {
            let numbers: Option<Vec<i128>> = constants
                .iter()
                .map(|constant| match constant {
                    Constant::Number(number) => Some(*number),
                    _ => None,
                })
                .collect();
            let mut numbers = numbers?;
            match order {
                None | Some(Order::Equal) => {
                    numbers.sort_unstable();
                    numbers.dedup();
                    Some(How::Numbers(numbers.into()))
                }
                Some(Order::NotEqual) => Some(How::NotNumber(*numbers.first()?)),
                Some(order) => Some(How::NumberOrder(order, *numbers.first()?)),
            }
        }
    }
}

fn text(op: Op, order: Option<Order>, values: &[Literal], constants: Vec<Constant>) -> Option<How> {
    let mut texts = constants.into_iter().map(|constant| match constant {
        Constant::Bytes(bytes) => bytes,
        _ => Box::default(),
    });
    Some(match (order, op.name) {
        (Some(Order::Equal), _) | (_, "in" | "intersects") => How::Texts(texts.collect()),
        (_, "pmatch") => How::Paths(Paths::new(values.iter().map(|value| value.0.as_slice()))),
        (Some(Order::NotEqual), _) => How::NotText(texts.next()?),
        (Some(order), _) => How::Order(order, texts.next()?),
        (_, "contains" | "bcontains") => {
            How::Contains(Box::new(Finder::new(&*texts.next()?).into_owned()))
        }
        (_, "icontains") => {
            let finder =
                AhoCorasick::builder().ascii_case_insensitive(true).build([&*texts.next()?]);
            How::ContainsIgnoringCase(Box::new(finder.ok()?))
        }
        (_, "startswith" | "bstartswith") => How::Starts(texts.next()?),
        (_, "endswith") => How::Ends(texts.next()?),
        (_, "glob") => How::Glob(glob::compile(&texts.next()?, false).map(Box::new)),
        (_, "iglob") => How::Glob(glob::compile(&texts.next()?, true).map(Box::new)),
        (_, "regex") => {
            // In RE2's POSIX syntax `^` and `$` are for lines.
            let pattern = format!("\\A(?m:{})\\z", values.first()?.text());
            let regex = RegexBuilder::new(&pattern).size_limit(2 << 20).build().ok()?;
            How::Regex(Box::new(regex))
        }
        _ => return None,
    })
}

fn number(value: Value<'_>) -> Option<i128> {
    match value {
        Value::Signed(number) => Some(number.into()),
        Value::Unsigned(number) => Some(number.into()),
        Value::Bool(is) => Some(is.into()),
        Value::Bytes(_) | Value::Double(_) | Value::Address(_) => None,
    }
}

impl How {
    fn holds(&self, value: Value<'_>) -> bool {
        match self {
            Self::Exists => return true,
            Self::Never | Self::Other(..) | Self::Around(..) => return false,
            Self::Some(modifier, each) => return some(modifier, each, value),
            _ => {}
        }
        match value {
            Value::Bytes(bytes) => self.holds_for_text(bytes),
            Value::Address(address) => match self {
                Self::Addresses(addresses, networks) => {
                    addresses.contains(&address)
                        || networks.iter().any(|network| network.contains(address))
                }
                Self::NotAddress(one_of) => !one_of.holds(value),
                _ => false,
            },
            Value::Double(double) => match self {
                Self::Double(order, number) => order.holds(&double, number),
                _ => false,
            },
            _ => {
                let Some(own) = number(value) else { return false };
                match self {
                    Self::Numbers(numbers) => numbers.binary_search(&own).is_ok(),
                    Self::NotNumber(number) => own != *number,
                    Self::NumberOrder(order, number) => order.holds(&own, number),
                    _ => false,
                }
            }
        }
    }

    fn holds_for_text(&self, text: &[u8]) -> bool {
        match self {
            Self::Texts(texts) => texts.contains(text),
            Self::NotText(other) => text != &**other,
            Self::Order(order, other) => order.holds(text, &**other),
            Self::Contains(finder) => finder.find(text).is_some(),
            Self::ContainsIgnoringCase(finder) => finder.is_match(text),
            Self::Starts(begin) => text.starts_with(begin),
            Self::Ends(end) => text.ends_with(end),
            Self::Glob(pattern) => pattern.as_ref().is_some_and(|it| it.is_match(text)),
            Self::Regex(pattern) if std::str::from_utf8(text).is_ok() => pattern.is_match(text),
            Self::Regex(pattern) => pattern.is_match(String::from_utf8_lossy(text).as_bytes()),
            Self::Paths(paths) => paths.has_prefix_of(text),
            _ => false,
        }
    }
}

fn some(modifier: &str, each: &[How], value: Value<'_>) -> bool {
    match modifier {
        "anyof" => each.iter().any(|how| how.holds(value)),
        "allof" => !each.is_empty() && each.iter().all(|how| how.holds(value)),
        _ => each.iter().filter(|how| how.holds(value)).take(2).count() == 1,
    }
}

/// A value compared to those of another field.
fn to_others(op: Op, value: Value<'_>, others: &[Value<'_>]) -> bool {
    match op.modifier {
        Some("allof") => {
            return !others.is_empty() && others.iter().all(|it| to_other(op, value, *it));
        }
        Some("oneof") => {
            return others.iter().filter(|it| to_other(op, value, **it)).take(2).count() == 1;
        }
        _ => {}
    }
    if op.modifier.is_some() || matches!(op.name, "in" | "intersects") {
        return others.iter().any(|other| to_other(op, value, *other));
    }
    others.first().is_some_and(|other| to_other(op, value, *other))
}

fn to_other(op: Op, value: Value<'_>, other: Value<'_>) -> bool {
    let order = match op.name {
        "in" | "intersects" => Some(Order::Equal),
        name => Order::named(name),
    };
    match (value, other, order) {
        (Value::Bytes(own), Value::Bytes(other), Some(order)) => order.holds(own, other),
        (Value::Bytes(own), Value::Bytes(other), None) => match op.name {
            "contains" | "bcontains" => memchr::memmem::find(own, other).is_some(),
            "icontains" => {
                let (own, other) = (own.to_ascii_lowercase(), other.to_ascii_lowercase());
                memchr::memmem::find(&own, &other).is_some()
            }
            "startswith" | "bstartswith" => own.starts_with(other),
            "endswith" => own.ends_with(other),
            // A pattern that stands in a field is made anew for each event.
            "glob" => glob::compile(other, false).is_some_and(|it| it.is_match(own)),
            "iglob" => glob::compile(other, true).is_some_and(|it| it.is_match(own)),
            _ => false,
        },
        (Value::Address(own), Value::Address(other), Some(Order::Equal)) => own == other,
        (Value::Address(own), Value::Address(other), Some(Order::NotEqual)) => own != other,
        (Value::Double(own), Value::Double(other), Some(order)) => order.holds(&own, &other),
        (own, other, Some(order)) => match (number(own), number(other)) {
            (Some(own), Some(other)) => order.holds(&own, &other),
            _ => false,
        },
        _ => false,
    }
}

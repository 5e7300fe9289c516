//! What comparisons ask of the value of one field, and whether any value can be all of that.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

use super::field_name;
use crate::condition::ast::{Expr, ExprKind, Literal, RightKind};
use crate::fields::{self, Kind};

/// What is asked of a value.
#[derive(Debug, Clone)]
pub(super) enum What<'e> {
    /// One of these.
    In(Cow<'e, [Literal]>),
    /// This begin.
    Starts(&'e [u8]),
    /// This end.
    Ends(&'e [u8]),
    /// This part.
    Contains(&'e [u8]),
    /// At most this number, or less than it.
    AtMost(i128, bool),
    /// At least this number, or more than it.
    AtLeast(i128, bool),
}

/// A comparison of a field that has one value.
#[derive(Debug, Clone)]
pub(super) struct Constraint<'e> {
    pub(super) field: &'e str,
    pub(super) what: What<'e>,
    pub(super) negated: bool,
}

/// The fields that never have several values, and are compared as texts or whole numbers.
static SINGLE: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let is_single = |field: &&fields::Field| {
        let name = field.name;
        let of_ancestors = name.strip_prefix("proc.a").is_some_and(|rest| rest != "rgs");
        !field.traits.list
            && !of_ancestors
            && !name.starts_with("ka.")
            && !matches!(name, "fd.ip" | "fd.port" | "fd.proto" | "proc.env" | "evt.around")
            && !matches!(field.kind, Kind::Address | Kind::Network | Kind::Double | Kind::Opaque)
    };
    fields::all().filter(is_single).map(|field| field.name).collect()
});

/// Whether a field has one value at most.
pub(super) fn is_single(field: &str) -> bool {
    SINGLE.contains(field)
}

impl<'e> Constraint<'e> {
    /// What a comparison asks, with the opposite of it where `negated`; none where that is not simple.
    pub(super) fn of(expr: &'e Expr, negated: bool) -> Option<Self> {
        let (left, op, right) = match &expr.kind {
            ExprKind::Not(child) => return Self::of(child, !negated),
            ExprKind::Check { left, op, right } => (left, op, right),
            _ => return None,
        };
        let field = field_name(left).filter(|field| op.modifier.is_none() && is_single(field))?;
        let (what, is_not) = match &right.kind {
            RightKind::List(values) if op.name == "in" => (What::In(Cow::Borrowed(values)), false),
            RightKind::Value(value) => {
                let number = || value.text().parse::<i128>().ok();
                match op.name {
                    "=" | "==" | "in" => {
                        (What::In(Cow::Borrowed(std::slice::from_ref(value))), false)
                    }
                    "!=" => (What::In(Cow::Borrowed(std::slice::from_ref(value))), true),
                    "startswith" => (What::Starts(&value.0), false),
                    "endswith" => (What::Ends(&value.0), false),
                    "contains" => (What::Contains(&value.0), false),
                    "<" => (What::AtMost(number()?, true), false),
                    "<=" => (What::AtMost(number()?, false), false),
                    ">" => (What::AtLeast(number()?, true), false),
                    ">=" => (What::AtLeast(number()?, false), false),
                    _ => return None,
                }
            }
            _ => return None,
        };
        Some(Self { field, what, negated: negated != is_not })
    }

    /// The values of which it takes or refuses one.
    pub(super) fn values(&self) -> &[Literal] {
        match &self.what {
            What::In(values) => values,
            _ => &[],
        }
    }

    /// Whether a value is what is asked; what cannot be told is.
    pub(super) fn takes(&self, value: &Literal) -> bool {
        let bytes = value.0.as_slice();
        let number = || value.text().parse::<i128>().ok();
        let is = match &self.what {
            What::In(values) => values.contains(value),
            What::Starts(begin) => bytes.starts_with(begin),
            What::Ends(end) => bytes.ends_with(end),
            What::Contains(part) => has(bytes, part),
            What::AtMost(limit, strict) => match number() {
                Some(number) => number < *limit || !strict && number == *limit,
                None => return true,
            },
            What::AtLeast(limit, strict) => match number() {
                Some(number) => number > *limit || !strict && number == *limit,
                None => return true,
            },
        };
        is != self.negated
    }

    /// Whether two that are asked of one value exclude each other.
    fn excludes(&self, other: &Self) -> bool {
        match (&self.what, &other.what) {
            (What::Starts(one), What::Starts(two)) => match (self.negated, other.negated) {
                (false, false) => !one.starts_with(two) && !two.starts_with(one),
                (false, true) => one.starts_with(two),
                _ => false,
            },
            (What::Ends(one), What::Ends(two)) => match (self.negated, other.negated) {
                (false, false) => !one.ends_with(two) && !two.ends_with(one),
                (false, true) => one.ends_with(two),
                _ => false,
            },
            (What::Starts(one) | What::Ends(one) | What::Contains(one), What::Contains(two)) => {
                !self.negated && other.negated && has(one, two)
            }
            _ => false,
        }
    }

    /// The bounds of numbers: the least and the greatest that is taken.
    fn bounds(&self) -> (i128, i128) {
        let all = (i128::MIN, i128::MAX);
        match (&self.what, self.negated) {
            (What::AtMost(limit, strict), false) => {
                (all.0, if *strict { limit.saturating_sub(1) } else { *limit })
            }
            (What::AtLeast(limit, strict), false) => {
                (if *strict { limit.saturating_add(1) } else { *limit }, all.1)
            }
            (What::AtMost(limit, strict), true) => {
                (if *strict { *limit } else { limit.saturating_add(1) }, all.1)
            }
            (What::AtLeast(limit, strict), true) => {
                (all.0, if *strict { *limit } else { limit.saturating_sub(1) })
            }
            _ => all,
        }
    }
}

pub(super) fn has(text: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(text, part).is_some()
}

/// How many comparisons of one field, and values in them, are looked at: a rule of real use has fewer.
const MAX_ASKED: usize = 500;
const MAX_VALUES: usize = 5_000;

/// Whether no value is all that is asked of one field.
pub(super) fn is_impossible(asked: &[&Constraint<'_>]) -> bool {
    let values = asked.iter().map(|it| it.values().len()).sum::<usize>();
    if asked.len() > MAX_ASKED || values > MAX_VALUES {
        return false;
    }
    let sets = asked.iter().filter(|it| !it.negated && matches!(it.what, What::In(_)));
    for set in sets {
        let What::In(values) = &set.what else { continue };
        if !values.iter().any(|value| asked.iter().all(|other| other.takes(value))) {
            return true;
        }
    }
    let (least, most) = asked.iter().fold((i128::MIN, i128::MAX), |(least, most), it| {
        let (from, to) = it.bounds();
        (least.max(from), most.min(to))
    });
    least > most || asked.iter().any(|one| asked.iter().any(|other| one.excludes(other)))
}

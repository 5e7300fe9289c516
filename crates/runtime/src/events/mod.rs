//! The types of events, and which of them a condition can hold for.
//!
//! After libsinsp's `filter/ppm_codes.cpp`: `and` intersects, `or` joins, a negation is pushed down
//! to the comparisons, and a comparison of anything but the type says nothing.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::condition::ast::{Expr, ExprKind, Op, Operand, OperandKind, Right, RightKind};
use crate::fields::Kind;

static NAMES: LazyLock<Vec<(&'static str, u32)>> = LazyLock::new(|| {
    let rows = include_str!("events.tsv").lines().filter(|line| !line.starts_with('#'));
    rows.filter_map(|line| line.split_once('\t'))
        .map(|(name, count)| (name, count.parse().unwrap_or_default()))
        .collect()
});
static INDEX: LazyLock<HashMap<&'static str, usize>> =
    LazyLock::new(|| NAMES.iter().enumerate().map(|(at, (name, _))| (*name, at)).collect());
static ARGUMENTS: LazyLock<Vec<(&'static str, Kind)>> = LazyLock::new(|| {
    let rows = include_str!("arguments.tsv").lines().filter(|line| !line.starts_with('#'));
    rows.filter_map(|line| line.split_once('\t'))
        .map(|(name, kind)| (name, Kind::named(kind)))
        .collect()
});
/// The event of system calls that have none of their own.
const GENERIC: &str = "syscall";
/// Events of plugins that a condition may name.
const ASYNC: [&str; 2] = ["container", "asyncevent"];

/// Whether there is an event type or a system call of this name.
pub fn is_known(name: &str) -> bool {
    INDEX.contains_key(name) || ASYNC.contains(&name)
}

/// The type of an event: all kinds of event with one name are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventCode(u16);

impl EventCode {
    /// The type of a name.
    pub fn named(name: &str) -> Option<Self> {
        INDEX.get(name).and_then(|at| u16::try_from(*at).ok()).map(Self)
    }

    /// Its name, as `evt.type` shows it.
    pub fn name(self) -> &'static str {
        NAMES.get(self.index()).map_or("", |(name, _)| name)
    }

    /// A number below [`EventCode::count`].
    pub fn index(self) -> usize {
        self.0.into()
    }

    /// How many there are.
    pub fn count() -> usize {
        NAMES.len()
    }

    /// Every type.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..NAMES.len()).filter_map(|at| u16::try_from(at).ok()).map(Self)
    }
}

/// The event type that a mistyped name was meant for.
pub(crate) fn nearest(name: &str) -> Option<&'static str> {
    crate::nearest::nearest(name, NAMES.iter().map(|(name, _)| *name))
}

/// The argument of events that a mistyped name was meant for.
pub(crate) fn nearest_argument(name: &str) -> Option<&'static str> {
    crate::nearest::nearest(name, ARGUMENTS.iter().map(|(name, _)| *name))
}

/// The longest name of an argument that a text begins with.
pub(crate) fn longest_argument(text: &str) -> Option<(&'static str, Kind)> {
    let begun = ARGUMENTS.iter().filter(|(name, _)| text.starts_with(name));
    begun.max_by_key(|(name, _)| name.len()).copied()
}

/// A set of event types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSet(Vec<bool>);

impl EventSet {
    fn none() -> Self {
        Self(vec![false; NAMES.len()])
    }

    fn all() -> Self {
        Self(vec![true; NAMES.len()])
    }

    fn of<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        let mut set = Self::none();
        for name in names {
            let found = INDEX.get(name).copied();
            if let Some(own) = found.and_then(|at| set.0.get_mut(at)) {
                *own = true;
            }
            // A system call without an event of its own comes as a generic one.
            if found.and_then(|at| NAMES.get(at)).is_some_and(|(_, count)| *count == 0)
                && let Some(generic) = INDEX.get(GENERIC).and_then(|at| set.0.get_mut(*at))
            {
                *generic = true;
            }
        }
        set
    }

    fn zip(self, other: &Self, with: fn(bool, bool) -> bool) -> Self {
        Self(self.0.into_iter().zip(&other.0).map(|(own, other)| with(own, *other)).collect())
    }

    fn inverted(mut self) -> Self {
        self.0.iter_mut().for_each(|one| *one = !*one);
        self
    }

    /// How many kinds of events there are in it: entry, exit and versions counted apart.
    pub fn kinds(&self) -> u32 {
        self.0.iter().zip(NAMES.iter()).filter(|(one, _)| **one).map(|(_, (_, count))| count).sum()
    }

    /// Whether every type is in it.
    pub fn is_all(&self) -> bool {
        self.0.iter().all(|one| *one)
    }

    /// Whether no event can be in it.
    pub fn is_empty(&self) -> bool {
        !self.0.contains(&true)
    }

    /// The names of the types.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().zip(NAMES.iter()).filter(|(one, _)| **one).map(|(_, (name, _))| *name)
    }
}

/// The types of events that a condition without macros can hold for, or why that cannot be said.
pub fn of_condition(condition: &Expr) -> Result<EventSet, String> {
    visit(condition, false)
}

fn visit(expr: &Expr, negated: bool) -> Result<EventSet, String> {
    let fold = |children: &[Expr], both: bool| {
        let start = if both { EventSet::all() } else { EventSet::none() };
        children.iter().try_fold(start, |set, child| {
            let own = visit(child, negated)?;
            let with: fn(bool, bool) -> bool = if both { |a, b| a && b } else { |a, b| a || b };
            Ok(set.zip(&own, with))
        })
    };
    match &expr.kind {
        ExprKind::And(children) => fold(children, !negated),
        ExprKind::Or(children) => fold(children, negated),
        ExprKind::Not(child) => visit(child, !negated),
        ExprKind::Exists(left) => {
            let set = EventSet::all();
            Ok(if negated && is_type(left)? { set.inverted() } else { set })
        }
        ExprKind::Check { left, op, right } => check(left, *op, right, negated),
        ExprKind::Macro(_) => Ok(EventSet::all()),
    }
}

fn check(left: &Operand, op: Op, right: &Right, negated: bool) -> Result<EventSet, String> {
    if let Some(holds) = number_of_event(left, op, right) {
        return Ok(if holds == negated { EventSet::none() } else { EventSet::all() });
    }
    let names_types = op.modifier.is_none() && matches!(op.name, "=" | "==" | "!=" | "in");
    if !names_types || !is_type(left)? {
        return Ok(EventSet::all());
    }
    let set = match &right.kind {
        RightKind::Value(value) => EventSet::of([&*value.text()].into_iter()),
        RightKind::List(values) => {
            let texts: Vec<_> = values.iter().map(|value| value.text()).collect();
            EventSet::of(texts.iter().map(|text| &**text))
        }
        RightKind::Operand(_) => {
            return Err(
                "right-hand field comparisons on `evt.type`/`syscall.type` checks are not \
                        supported by event code search"
                    .to_owned(),
            );
        }
    };
    Ok(if negated == (op.name == "!=") { set } else { set.inverted() })
}

fn is_type(left: &Operand) -> Result<bool, String> {
    match &left.kind {
        OperandKind::Field { name, argument } => {
            Ok(argument.is_none() && matches!(name.as_str(), "evt.type" | "syscall.type"))
        }
        OperandKind::Transformed { values, .. } => {
            for value in values {
                if let crate::condition::ast::Argument::Operand(inner) = value
                    && is_type(inner)?
                {
                    return Err("event code search does not support `evt.type` checks with \
                                transformers"
                        .to_owned());
                }
            }
            Ok(false)
        }
    }
}

/// Whether a comparison of `evt.num`, which counts from 1, always or never holds.
fn number_of_event(left: &Operand, op: Op, right: &Right) -> Option<bool> {
    let OperandKind::Field { name, argument: None } = &left.kind else { return None };
    if name != "evt.num" {
        return None;
    }
    match (&right.kind, op.name) {
        (RightKind::List(values), "in") => {
            values.iter().all(|value| value.text().parse() == Ok(0_u64)).then_some(false)
        }
        (RightKind::Value(value), name) => {
            let number: u64 = value.text().parse().ok()?;
            match (name, number) {
                ("=" | "==" | "<=", 0) | ("<", 0 | 1) => Some(false),
                ("!=" | ">", 0) | (">=", 0 | 1) => Some(true),
                _ => None,
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::{DEFAULT_DEPTH, parse};

    fn names(condition: &str) -> Option<Vec<&'static str>> {
        let set = of_condition(&parse(condition, DEFAULT_DEPTH).unwrap()).unwrap();
        (!set.is_all()).then(|| set.names().filter(|name| *name != GENERIC).collect())
    }

    #[test]
    fn types_are_those_that_a_condition_can_hold_for() {
        assert_eq!(names("evt.type=open and proc.name=a"), Some(vec!["open"]));
        assert_eq!(
            names("not proc.name=a and evt.type in (open, close)"),
            Some(vec!["open", "close"])
        );
        assert_eq!(names("proc.name=a"), None);
        assert_eq!(names("evt.type=open and evt.type=close"), Some(vec![]));
        assert_eq!(names("not (evt.type!=open or proc.name=a)"), Some(vec!["open"]));
        assert_eq!(names("evt.num=0"), Some(vec![]));
        let all = of_condition(&parse("not evt.type=open", DEFAULT_DEPTH).unwrap()).unwrap();
        assert!(all.kinds() > 100 && !all.is_all());
    }
}

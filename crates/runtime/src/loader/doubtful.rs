//! Comparisons that a condition should not make: with `<NA>`, and of fields that are gone.
//!
//! After Falco's `filter_warning_resolver.cpp`.

use std::collections::BTreeMap;

use super::code::WarningCode;
use super::context::Context;
use super::output::DEPRECATED;
use super::report::Report;
use super::traced::Traced;
use crate::condition::ast::{
    Argument, Expr, ExprKind, Literal, Op, Operand, OperandKind, Pos, RightKind,
};

/// What is doubtful in a condition.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Doubts {
    /// A field of an audit event is compared with `<NA>`.
    pub unsafe_na: bool,
    /// Which fields it uses that events have no values for any more, and where first.
    pub deprecated: BTreeMap<&'static str, Pos>,
}

/// What is doubtful in a condition.
pub fn doubts(condition: &Expr) -> Doubts {
    let mut found = Doubts::default();
    visit(condition, &mut found);
    found
}

fn visit(expr: &Expr, found: &mut Doubts) {
    match &expr.kind {
        ExprKind::Exists(left) => {
            field(left, found);
        }
        ExprKind::Check { left, op, right } => {
            if !field(left, found) || !is_equality(*op) {
                return;
            }
            let is_na = |value: &Literal| value.is("<NA>");
            found.unsafe_na |= match &right.kind {
                RightKind::Value(value) => is_na(value),
                RightKind::List(values) => values.iter().any(is_na),
                RightKind::Operand(_) => false,
            };
        }
        _ => expr.children().iter().for_each(|child| visit(child, found)),
    }
}

fn is_equality(op: Op) -> bool {
    op.modifier.is_none() && matches!(op.name, "=" | "==" | "!=" | "in" | "intersects" | "pmatch")
}

/// Whether a comparison of it with `<NA>` is unsafe.
fn field(operand: &Operand, found: &mut Doubts) -> bool {
    match &operand.kind {
        OperandKind::Field { name, .. } => {
            if let Some((known, _)) = DEPRECATED.iter().find(|(known, _)| known == name) {
                found.deprecated.entry(known).or_insert(operand.at);
            }
            name.starts_with("ka.") || name.starts_with("jevt.")
        }
        OperandKind::Transformed { values, .. } => {
            values.iter().fold(false, |last, value| match value {
                Argument::Operand(inner) => field(inner, found),
                _ => last,
            })
        }
    }
}

pub(super) fn warn(condition: &Expr, text: &Traced, context: &Context, report: &mut Report) {
    let found = doubts(condition);
    let start = Pos { index: 0, line: 0, column: 0 };
    let whole = || context.in_condition(start, text.text(), Some(context.place));
    if found.unsafe_na {
        report.warn(WarningCode::UnsafeNaCheck, "", whole());
    }
    for (field, at) in found.deprecated {
        let words = DEPRECATED.iter().find(|(known, _)| *known == field);
        let message = words.map_or("", |(_, words)| *words);
        let mut place = whole();
        place.place = text.place_of(at, field).unwrap_or(place.place);
        report.warn(WarningCode::DeprecatedItem, message, place);
    }
}

//! What Falco accepts and a rule's author did not mean, one file each.
//!
//! To add one: write its file, name its module here, and add it to [`ALL`].

mod address_network;
mod constraint;
mod contradiction;
mod costly;
mod failed_connect;
mod forgotten_networks;
mod missing_exception;
mod redefined;
mod shadowed;

use plimsoll_model::text::Level;

use crate::condition::ast::{Expr, ExprKind, Operand, OperandKind, Pos, Right};
use crate::loader::{Definitions, Place, Rule};

/// A lint and what is to be known of it.
#[derive(Debug)]
pub struct Lint {
    /// Its name.
    pub id: &'static str,
    /// How grave its findings are.
    pub level: Level,
    /// What it finds, in one line.
    pub title: &'static str,
    /// Why that is bad.
    pub why: &'static str,
    /// A condition that it finds.
    pub bad: &'static str,
    /// The same without the fault.
    pub good: &'static str,
    /// Judges everything that is defined.
    pub(crate) check: fn(&Definitions, &mut Vec<Finding>),
}

/// The registry.
pub static ALL: [&Lint; 8] = [
    &address_network::LINT,
    &contradiction::LINT,
    &costly::LINT,
    &failed_connect::LINT,
    &forgotten_networks::LINT,
    &missing_exception::LINT,
    &redefined::LINT,
    &shadowed::LINT,
];

/// What a lint found.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The lint.
    pub lint: &'static Lint,
    /// The rule, list or macro.
    pub item: String,
    /// What is the matter and what to do.
    pub message: String,
    /// Where.
    pub place: Place,
}

/// Judges everything that is defined.
pub fn lint(definitions: &Definitions) -> Vec<Finding> {
    let mut found = Vec::new();
    for lint in ALL {
        (lint.check)(definitions, &mut found);
    }
    found.sort_by_key(|finding| (finding.place.file, finding.place.offset, finding.lint.id));
    found
}

/// A comparison of a rule, and whether it stands under an odd number of `not`.
struct Check<'c> {
    left: &'c Operand,
    op: crate::condition::ast::Op,
    right: &'c Right,
    negated: bool,
}

/// Calls for every comparison.
fn each_check<'c>(expr: &'c Expr, negated: bool, call: &mut dyn FnMut(Check<'c>)) {
    match &expr.kind {
        ExprKind::Check { left, op, right } => {
            call(Check { left, op: *op, right, negated });
        }
        ExprKind::Not(child) => each_check(child, !negated, call),
        _ => expr.children().iter().for_each(|child| each_check(child, negated, call)),
    }
}

/// The name of a field without an argument.
fn field_name(operand: &Operand) -> Option<&str> {
    match &operand.kind {
        OperandKind::Field { name, argument: None } => Some(name),
        _ => None,
    }
}

/// The place of a part of a rule's condition; of one that came from a macro that of the condition.
fn place(rule: &Rule, at: Pos, begins: &str) -> Place {
    rule.place_of(at, begins).unwrap_or(rule.condition_place)
}

//! Conditions that always or never hold.

use std::collections::{HashMap, HashSet};

use plimsoll_model::text::Level;

use super::{Finding, Lint, field_name};
use crate::condition::ast::{Expr, ExprKind, RightKind};
use crate::loader::Definitions;

pub(super) static LINT: Lint = Lint {
    id: "constant-condition",
    level: Level::Warning,
    title: "a condition always or never holds",
    why: "A part that contradicts another makes the whole rule silent, and one that always holds \
          makes it fire on everything. Neither is an error to Falco.",
    bad: "evt.type = open and proc.name = a and proc.name = b",
    good: "evt.type = open and proc.name in (a, b)",
    check,
};

fn check(definitions: &Definitions, found: &mut Vec<Finding>) {
    for rule in definitions.rules.iter().filter(|rule| rule.enabled) {
        let Some(holds) = constant(&rule.condition) else { continue };
        let how = if holds {
            "the condition holds for every event"
        } else {
            "the condition holds for no event: the rule never fires"
        };
        found.push(Finding {
            lint: &LINT,
            item: rule.name.clone(),
            message: how.to_owned(),
            place: rule.condition_place,
        });
    }
}

/// Whether a condition always holds or never, where that can be told from its text.
fn constant(expr: &Expr) -> Option<bool> {
    match &expr.kind {
        ExprKind::Not(child) => constant(child).map(|holds| !holds),
        ExprKind::And(_) => together(expr, false),
        ExprKind::Or(_) => together(expr, true),
        ExprKind::Check { left, op, right } => {
            let RightKind::Value(value) = &right.kind else {
                let RightKind::List(values) = &right.kind else { return None };
                return (op.name == "in" && values.is_empty()).then_some(false);
            };
            match (field_name(left)?, op.name) {
                // Events of entering a call are not made any more.
                ("evt.dir", "=" | "==") if value.is("<") => Some(true),
                ("evt.dir", "=" | "==") if value.is(">") => Some(false),
                // It counts from 1.
                ("evt.num", "=" | "==") if value.is("0") => Some(false),
                ("evt.num", ">" | "!=") if value.is("0") => Some(true),
                _ => None,
            }
        }
        _ => None,
    }
}

/// `and` never holds where a part does not, `or` always where one does; `decides` is that value.
fn together(expr: &Expr, decides: bool) -> Option<bool> {
    let mut parts = Vec::new();
    flatten(expr, decides, &mut parts);
    let known: Vec<Option<bool>> = parts.iter().map(|part| constant(part)).collect();
    if known.contains(&Some(decides)) || contradicts(&parts, decides) {
        return Some(decides);
    }
    known.iter().all(|part| *part == Some(!decides)).then_some(!decides)
}

/// The parts of an `and` of `and`s.
fn flatten<'e>(expr: &'e Expr, is_or: bool, parts: &mut Vec<&'e Expr>) {
    match &expr.kind {
        ExprKind::Or(children) if is_or => {
            for child in children {
                flatten(child, is_or, parts);
            }
        }
        ExprKind::And(children) if !is_or => {
            for child in children {
                flatten(child, is_or, parts);
            }
        }
        _ => parts.push(expr),
    }
}

/// Whether a part and its negation are among them, or for `and` two values of one field.
fn contradicts(parts: &[&Expr], is_or: bool) -> bool {
    // Only comparisons are told apart: to print whole trees at each level takes too long.
    let is_leaf = |part: &Expr| part.children().is_empty();
    let leaves = parts.iter().filter(|part| is_leaf(part));
    let plain: HashSet<String> = leaves.map(ToString::to_string).collect();
    let negated = parts.iter().any(|part| match &part.kind {
        ExprKind::Not(child) => is_leaf(child) && plain.contains(&child.to_string()),
        _ => false,
    });
    if negated || is_or {
        return negated;
    }
    let mut values: HashMap<&str, &crate::condition::ast::Literal> = HashMap::new();
    parts.iter().any(|part| {
        let ExprKind::Check { left, op, right } = &part.kind else { return false };
        let (Some(name), "=" | "==", RightKind::Value(value)) =
            (field_name(left), op.name, &right.kind)
        else {
            return false;
        };
        // These compare with one of several values.
        let several = name.starts_with("proc.a")
            || name.starts_with("ka.")
            || matches!(name, "fd.ip" | "fd.port" | "fd.proto" | "proc.env");
        !several && values.insert(name, value).is_some_and(|other| other != value)
    })
}

#[cfg(test)]
mod tests {
    use super::constant;
    use crate::condition::{DEFAULT_DEPTH, parse};

    #[test]
    fn constants_are_told_from_conditions() {
        for (condition, expected) in [
            ("proc.name=a and proc.name=b", Some(false)),
            ("proc.name=a or not proc.name=a", Some(true)),
            ("proc.pid=1 and (proc.name=a and not proc.pid=1)", Some(false)),
            ("evt.num=0 and proc.name=a", Some(false)),
            ("not evt.num=0", Some(true)),
            ("proc.name in ()", Some(false)),
            ("fd.port=1 and fd.port=2", None),
            ("proc.aname=a and proc.aname=b", None),
            ("proc.name=a and evt.dir = <", None),
            ("not proc.name in () and proc.name=a", None),
        ] {
            let tree = parse(condition, DEFAULT_DEPTH).unwrap();
            assert_eq!(constant(&tree), expected, "{condition}");
        }
    }
}

//! Conditions that always or never hold.

use std::collections::{BTreeMap, HashSet};

use plimsoll_model::text::Level;

use super::constraint::{Constraint, is_impossible};
use super::{Finding, Lint, field_name, place};
use crate::condition::ast::{Expr, ExprKind, Operand, RightKind};
use crate::loader::{Definitions, Rule};

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
        let Some(holds) = constant(&rule.condition) else {
            whatever(rule, &rule.condition, found);
            continue;
        };
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

/// Finds alternatives of which one holds whatever value a field has.
fn whatever(rule: &Rule, expr: &Expr, found: &mut Vec<Finding>) {
    if !matches!(expr.kind, ExprKind::Or(_)) {
        return expr.children().iter().for_each(|child| whatever(rule, child, found));
    }
    let mut parts = Vec::new();
    flatten(expr, true, &mut parts);
    for part in &parts {
        part.children().iter().for_each(|child| whatever(rule, child, found));
    }
    for (field, asked) in by_field(&parts, true) {
        let all: Vec<&Constraint<'_>> = asked.iter().map(|(_, constraint)| constraint).collect();
        if let (true, Some((first, _))) = (is_impossible(&all), asked.first()) {
            found.push(Finding {
                lint: &LINT,
                item: rule.name.clone(),
                message: format!(
                    "one of the alternatives holds whatever `{field}` is: `and` may be meant, or \
                     one of them is wrong"
                ),
                place: left(first).map_or(rule.condition_place, |left| place(rule, left.at, field)),
            });
        }
    }
}

/// The field of a comparison below `not`s.
fn left(expr: &Expr) -> Option<&Operand> {
    match &expr.kind {
        ExprKind::Not(child) => left(child),
        ExprKind::Check { left, .. } => Some(left),
        _ => None,
    }
}

/// What parts ask of each field, or with `negated` the opposite.
fn by_field<'e>(
    parts: &[&'e Expr],
    negated: bool,
) -> BTreeMap<&'e str, Vec<(&'e Expr, Constraint<'e>)>> {
    let mut fields: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for part in parts {
        if let Some(constraint) = Constraint::of(part, negated) {
            fields.entry(constraint.field).or_default().push((*part, constraint));
        }
    }
    fields.retain(|_, asked| asked.len() > 1);
    fields
}

/// Whether a condition always holds or never, where that can be told from its text.
pub(super) fn constant(expr: &Expr) -> Option<bool> {
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
pub(super) fn flatten<'e>(expr: &'e Expr, is_or: bool, parts: &mut Vec<&'e Expr>) {
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

/// Whether a part and its negation are among them, or for `and` what no value of a field can be.
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
    // What is negated holds where there is no value, so that something has to want one.
    by_field(parts, false).values().any(|asked| {
        let all: Vec<&Constraint<'_>> = asked.iter().map(|(_, constraint)| constraint).collect();
        all.iter().any(|constraint| !constraint.negated) && is_impossible(&all)
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
            ("proc.pid > 5 and proc.pid < 3", Some(false)),
            ("proc.pid > 5 and proc.pid < 6", Some(false)),
            ("proc.pid > 5 and proc.pid < 7", None),
            ("proc.pid >= 5 and not proc.pid > 4", Some(false)),
            ("not proc.pid > 5 and not proc.pid < 7", None),
            ("proc.pid in (1, 2) and proc.pid > 2", Some(false)),
            ("fd.name startswith /etc and fd.name startswith /var", Some(false)),
            ("fd.name startswith /etc and fd.name startswith /etc/ssh", None),
            ("fd.name startswith /etc/ssh and not fd.name startswith /etc", Some(false)),
            ("fd.name startswith /etc and not fd.name startswith /etc/ssh", None),
            ("fd.name endswith .sh and fd.name endswith .py", Some(false)),
            ("fd.name = /etc/a and fd.name startswith /var", Some(false)),
            ("fd.name contains shadow and not fd.name contains ado", Some(false)),
            ("proc.name in (a, b) and proc.name in (b, c) and not proc.name = b", Some(false)),
            ("proc.name in (a, b) and proc.name != a", None),
            ("fd.sip = 10.0.0.0/8 and fd.sip = 10.1.1.1", None),
        ] {
            let tree = parse(condition, DEFAULT_DEPTH).unwrap();
            assert_eq!(constant(&tree), expected, "{condition}");
        }
    }
    #[test]
    fn alternatives_that_leave_nothing_out_are_told_from_others() {
        let parts = |condition: &str| {
            let tree = parse(condition, DEFAULT_DEPTH).unwrap();
            let mut parts = Vec::new();
            super::flatten(&tree, true, &mut parts);
            super::by_field(&parts, true).values().any(|asked| {
                let all: Vec<_> = asked.iter().map(|(_, constraint)| constraint).collect();
                super::is_impossible(&all)
            })
        };
        for always in [
            "proc.name = a or proc.name != a",
            "proc.name != a or proc.name != b",
            "not proc.name = a or not proc.name = b",
            "not proc.name in (a, b) or not proc.name in (c)",
            "proc.pid < 5 or proc.pid > 3",
        ] {
            assert!(parts(always), "{always}");
        }
        for some in [
            "proc.name = a or proc.name = b",
            "proc.name != a or proc.pname != a",
            "not proc.name in (a, b) or not proc.name in (b, c)",
            "proc.pid < 3 or proc.pid > 5",
            "not fd.name startswith /etc or fd.name startswith /etc/ssh",
        ] {
            assert!(!parts(some), "{some}");
        }
    }
}

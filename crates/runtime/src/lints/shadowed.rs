//! A rule that holds for no event for which an earlier one does not hold as well.

use std::collections::HashSet;

use plimsoll_model::text::Level;

use super::constraint::{Constraint, What, has};
use super::contradiction::{constant, flatten};
use super::{Finding, Lint, field_name};
use crate::condition::ast::{Expr, ExprKind, Literal};
use crate::loader::{Definitions, Rule};

pub(super) static LINT: Lint = Lint {
    id: "shadowed",
    level: Level::Warning,
    title: "an earlier rule holds for every event that this one holds for",
    why: "Where the first rule that holds is told, as Falco and `--first-match` do, this one never \
          fires; otherwise each of its alerts comes twice. The narrower rule belongs before the wider \
          one, or the wider one needs an exception for it.",
    bad: "- rule: Any shell\n  desc: a\n  condition: evt.type = execve and proc.name in (sh, bash)\n  \
          output: a\n  priority: INFO\n- rule: Shell of a server\n  desc: a\n  condition: evt.type = \
          execve and proc.name = bash and proc.pname = nginx\n  output: a\n  priority: ERROR",
    good: "- rule: Shell of a server\n  desc: a\n  condition: evt.type = execve and proc.name = bash \
           and proc.pname = nginx\n  output: a\n  priority: ERROR\n- rule: Any shell\n  desc: a\n  \
           condition: evt.type = execve and proc.name in (sh, bash)\n  output: a\n  priority: INFO",
    check,
};

/// How many parts of two conditions are compared at most.
const PER_PAIR: u32 = 20_000;
/// How many parts of all pairs are.
const ALTOGETHER: u64 = 50_000_000;

/// What all events have to be that a rule holds for.
struct Asked<'r> {
    rule: &'r Rule,
    parts: Vec<&'r Expr>,
}

fn check(definitions: &Definitions, found: &mut Vec<Finding>) {
    let rules = definitions.rules.iter().filter(|rule| rule.enabled);
    let asked: Vec<Asked<'_>> = rules
        .filter(|rule| constant(&rule.condition).is_none())
        .map(|rule| {
            let mut parts = Vec::new();
            flatten(&rule.condition, false, &mut parts);
            parts.retain(|part| constant(part) != Some(true));
            Asked { rule, parts }
        })
        .collect();
    let mut left = ALTOGETHER;
    for (at, later) in asked.iter().enumerate() {
        let before = asked.iter().take(at);
        let Some(earlier) = before.into_iter().find(|earlier| covers(earlier, later, &mut left))
        else {
            continue;
        };
        found.push(Finding {
            lint: &LINT,
            item: later.rule.name.clone(),
            message: format!(
                "the rule `{}` before it holds for every event that it holds for: put the narrower \
                 one first, or except it there",
                earlier.rule.name
            ),
            place: later.rule.place,
        });
    }
}

/// Whether the earlier holds wherever the later does.
fn covers(earlier: &Asked<'_>, later: &Asked<'_>, left: &mut u64) -> bool {
    if earlier.rule.source != later.rule.source || earlier.parts.is_empty() {
        return false;
    }
    let all_types = match (&earlier.rule.event_types, &later.rule.event_types) {
        (None, _) => true,
        (Some(_), None) => return false,
        (Some(wide), Some(narrow)) => {
            if !narrow.iter().all(|name| wide.contains(name)) {
                return false;
            }
            true
        }
    };
    let mut budget = PER_PAIR.min(u32::try_from(*left).unwrap_or(u32::MAX));
    let given = budget;
    let is_covered = earlier.parts.iter().all(|wide| {
        all_types && is_of_type(wide)
            || later.parts.iter().any(|narrow| implies(narrow, wide, &mut budget))
    });
    *left = left.saturating_sub(u64::from(given.saturating_sub(budget)).max(1));
    is_covered && budget > 0
}

/// Whether a part asks for nothing but the event's type.
fn is_of_type(part: &Expr) -> bool {
    match &part.kind {
        ExprKind::Check { left, op, .. } => {
            field_name(left) == Some("evt.type") && matches!(op.name, "=" | "==" | "in")
        }
        ExprKind::Or(children) => children.iter().all(is_of_type),
        _ => false,
    }
}

/// Whether the second holds for every event that the first holds for, as far as the text tells.
fn implies(narrow: &Expr, wide: &Expr, budget: &mut u32) -> bool {
    if *budget == 0 {
        return false;
    }
    *budget = budget.saturating_sub(1);
    if std::mem::discriminant(&narrow.kind) == std::mem::discriminant(&wide.kind) && narrow == wide
    {
        return true;
    }
    match (&narrow.kind, &wide.kind) {
        (ExprKind::Or(children), _) => children.iter().all(|child| implies(child, wide, budget)),
        (_, ExprKind::And(children)) => children.iter().all(|child| implies(narrow, child, budget)),
        (ExprKind::Not(inner), ExprKind::Not(other)) => implies(other, inner, budget),
        (_, ExprKind::Or(children))
            if children.iter().any(|child| implies(narrow, child, budget)) =>
        {
            true
        }
        (ExprKind::And(children), _) => children.iter().any(|child| implies(child, wide, budget)),
        (ExprKind::Check { left, .. }, ExprKind::Exists(other)) => left == other,
        (ExprKind::Check { .. }, ExprKind::Check { .. }) => narrows(narrow, wide, budget),
        _ => false,
    }
}

/// Whether every value that one comparison takes is taken by the other.
fn narrows(narrow: &Expr, wide: &Expr, budget: &mut u32) -> bool {
    let (Some(narrow), Some(wide)) = (Constraint::of(narrow, false), Constraint::of(wide, false))
    else {
        return false;
    };
    if narrow.field != wide.field || narrow.negated || wide.negated {
        return false;
    }
    let work = narrow.values().len().saturating_add(wide.values().len());
    *budget = budget.saturating_sub(u32::try_from(work).unwrap_or(u32::MAX));
    match (&narrow.what, &wide.what) {
        (What::In(few), What::In(many)) => {
            let many: HashSet<&Literal> = many.iter().collect();
            !few.is_empty() && few.iter().all(|value| many.contains(value))
        }
        (What::In(few), _) => !few.is_empty() && few.iter().all(|value| wide.takes(value)),
        (What::Starts(one), What::Starts(two)) => one.starts_with(two),
        (What::Ends(one), What::Ends(two)) => one.ends_with(two),
        (What::Starts(one) | What::Ends(one) | What::Contains(one), What::Contains(two)) => {
            has(one, two)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::implies;
    use crate::condition::{DEFAULT_DEPTH, parse};

    #[test]
    fn what_follows_from_a_condition_is_seen_in_its_text() {
        let follows = |narrow: &str, wide: &str| {
            let tree = |text| parse(text, DEFAULT_DEPTH).unwrap();
            implies(&tree(narrow), &tree(wide), &mut 10_000)
        };
        for (narrow, wide) in [
            ("proc.name=a", "proc.name in (a, b)"),
            ("proc.name in (a, b)", "proc.name in (c, b, a)"),
            ("proc.name=a and fd.num=1", "proc.name=a"),
            ("proc.name=a", "proc.name=a or fd.num=1"),
            ("fd.name=/etc/shadow", "fd.name startswith /etc"),
            ("fd.name startswith /etc/ssh", "fd.name startswith /etc"),
            ("fd.name startswith /etc/ssh", "fd.name contains ssh"),
            ("not proc.name in (a, b)", "not proc.name=a"),
            ("proc.name=a", "proc.name exists"),
            ("(proc.name=a or proc.name=b) and fd.num=1", "proc.name in (a, b, c)"),
            ("proc.pid in (6, 7)", "proc.pid > 5"),
        ] {
            assert!(follows(narrow, wide), "{narrow} => {wide}");
            assert!(!follows(wide, narrow), "{wide} => {narrow}");
        }
        // One of several values says nothing of the others.
        assert!(!follows("proc.aname=a", "proc.aname in (a, b)"));
        assert!(!follows("fd.sip=10.0.0.0/8", "fd.sip in (10.0.0.0/8, 10.1.0.0/16)"));
    }

    #[test]
    fn conditions_that_are_deeply_mixed_end_in_time() {
        let mut text = "proc.name=a".to_owned();
        for level in 0..35 {
            let word = if level % 2 == 0 { "and" } else { "or" };
            text = format!("({text} {word} fd.num={level})");
        }
        let tree = parse(&text, 200).unwrap();
        let other = parse(&text.replace("fd.num", "proc.pid"), 200).unwrap();
        let mut budget = super::PER_PAIR;
        assert!(!implies(&tree, &other, &mut budget));
    }
}

//! A comparison that costs much is asked before one that costs little.

use plimsoll_model::text::Level;

use super::contradiction::flatten;
use super::{Finding, Lint, field_name, place};
use crate::condition::ast::{Expr, ExprKind, Operand, RightKind};
use crate::loader::{Definitions, Rule};

pub(super) static LINT: Lint = Lint {
    id: "costly",
    level: Level::Info,
    title: "what costs much is asked before what costs little",
    why: "Falco asks in the order in which a condition is written. A regular expression, a pattern or \
          a look at all ancestors that stands before a plain comparison is done for every event of the \
          rule's types, and for few where it stands behind. Plimsoll puts the cheapest first by itself.",
    bad: "evt.type = execve and proc.cmdline regex a.*b and proc.name = curl",
    good: "evt.type = execve and proc.name = curl and proc.cmdline regex a.*b",
    check,
};

fn check(definitions: &Definitions, found: &mut Vec<Finding>) {
    for rule in definitions.rules.iter().filter(|rule| rule.enabled) {
        look(rule, &rule.condition, found);
    }
}

/// Looks at every conjunction, also those within alternatives.
fn look(rule: &Rule, expr: &Expr, found: &mut Vec<Finding>) {
    if !matches!(expr.kind, ExprKind::And(_)) {
        return expr.children().iter().for_each(|child| look(rule, child, found));
    }
    let mut parts = Vec::new();
    flatten(expr, false, &mut parts);
    for part in &parts {
        part.children().iter().for_each(|child| look(rule, child, found));
    }
    let Some(at) = parts.iter().position(|part| dear(part).is_some()) else { return };
    let cheap = parts.iter().skip(at).find_map(|part| cheap(part).map(|text| (part, text)));
    let (Some(part), Some((_, cheap))) = (parts.get(at), cheap) else { return };
    let Some((left, why)) = dear(part) else { return };
    found.push(Finding {
        lint: &LINT,
        item: rule.name.clone(),
        message: format!("{why} is asked before `{cheap}`, which costs little: put it behind"),
        place: place(rule, left.at, &left.to_string()),
    });
}

/// What is dear of a part, where it is.
fn dear(part: &Expr) -> Option<(&Operand, String)> {
    match &part.kind {
        ExprKind::Not(child) => dear(child),
        ExprKind::Check { left, op, right } => {
            let is_pattern = match op.name {
                "regex" => true,
                "glob" | "iglob" => {
                    !matches!(&right.kind, RightKind::List(values) if values.is_empty())
                }
                _ => false,
            };
            if is_pattern {
                return Some((left, format!("`{left} {}`", op.name)));
            }
            let of_all = matches!(
                field_name(left),
                Some("proc.aname" | "proc.aexe" | "proc.aexepath" | "proc.acmdline" | "proc.aenv")
            );
            of_all.then(|| (left, format!("`{left}` of all ancestors")))
        }
        _ => None,
    }
}

/// A plain comparison that few events pass; those that nearly all pass are left where they are.
fn cheap(part: &Expr) -> Option<String> {
    let ExprKind::Check { left, op, right } = &part.kind else { return None };
    let name = field_name(left)?;
    let is_plain = matches!(op.name, "=" | "==" | "in" | "startswith" | "endswith")
        && !matches!(right.kind, RightKind::Operand(_));
    // Falco answers these before the condition is asked.
    let is_of_event = name.starts_with("evt.");
    (is_plain && !is_of_event && dear(part).is_none()).then(|| {
        let text = part.to_string();
        match text.char_indices().nth(60) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
            None => text,
        }
    })
}

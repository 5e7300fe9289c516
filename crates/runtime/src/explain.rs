//! A condition laid out for reading: a part a line, what belongs together indented.

use std::collections::BTreeSet;

use crate::condition::ast::{Argument, Expr, ExprKind, Operand, OperandKind, RightKind};

/// How wide a part on a line of its own may be.
const WIDTH: usize = 88;

/// The lines of a condition.
pub fn outline(condition: &Expr) -> Vec<String> {
    let mut lines = Vec::new();
    add(condition, "", 0, &mut lines);
    lines
}

fn add(expr: &Expr, lead: &str, depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth.min(40));
    let whole = expr.to_string();
    let (word, children) = match &expr.kind {
        ExprKind::And(children) => ("and", children),
        ExprKind::Or(children) => ("or", children),
        ExprKind::Not(child) if !child.children().is_empty() && whole.len() > WIDTH => {
            return add(child, &format!("{lead}not "), depth, lines);
        }
        _ => return lines.push(format!("{indent}{lead}{whole}")),
    };
    if depth > 0 && whole.len() <= WIDTH {
        return lines.push(format!("{indent}{lead}{whole}"));
    }
    let below = if depth == 0 && lead.is_empty() {
        0
    } else {
        lines.push(format!("{indent}{lead}("));
        depth.saturating_add(1)
    };
    for (at, child) in children.iter().enumerate() {
        let lead = if at == 0 { String::new() } else { format!("{word} ") };
        add(child, &lead, below.max(usize::from(depth == 0 && at > 0)), lines);
    }
    if below > 0 {
        lines.push(format!("{indent})"));
    }
}

/// The fields that a condition reads.
pub fn fields(condition: &Expr) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(condition, &mut found);
    found
}

fn collect(expr: &Expr, found: &mut BTreeSet<String>) {
    match &expr.kind {
        ExprKind::Exists(left) => of_operand(left, found),
        ExprKind::Check { left, right, .. } => {
            of_operand(left, found);
            if let RightKind::Operand(right) = &right.kind {
                of_operand(right, found);
            }
        }
        _ => expr.children().iter().for_each(|child| collect(child, found)),
    }
}

fn of_operand(operand: &Operand, found: &mut BTreeSet<String>) {
    match &operand.kind {
        OperandKind::Field { .. } => {
            found.insert(operand.to_string());
        }
        OperandKind::Transformed { values, .. } => {
            for value in values {
                of_argument(value, found);
            }
        }
    }
}

fn of_argument(argument: &Argument, found: &mut BTreeSet<String>) {
    match argument {
        Argument::Operand(operand) => of_operand(operand, found),
        Argument::List(values) => values.iter().for_each(|value| of_argument(value, found)),
        Argument::Value(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::{DEFAULT_DEPTH, parse};

    #[test]
    fn what_belongs_together_is_indented() {
        let long = "/a/very/long/path/that/fills/a/line/by/itself";
        let text = format!(
            "evt.type=open and not (fd.name={long} or fd.name={long}2) and proc.name=val(proc.pname)"
        );
        let tree = parse(&text, DEFAULT_DEPTH).unwrap();
        insta::assert_snapshot!(outline(&tree).join("\n"), @r"
        evt.type = open
          and not (
            fd.name = /a/very/long/path/that/fills/a/line/by/itself
            or fd.name = /a/very/long/path/that/fills/a/line/by/itself2
          )
          and proc.name = val(proc.pname)
        ");
        let names: Vec<_> = fields(&tree).into_iter().collect();
        assert_eq!(names, ["evt.type", "fd.name", "proc.name", "proc.pname"]);
    }
}

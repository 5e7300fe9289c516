//! The edits of findings, and comments that ignore them.

use std::collections::BTreeSet;

use plimsoll_build::{self as build, Safety, fix, ignoring};
use similar::{DiffOp, TextDiff};

use super::{Dockerfile, problem};
use crate::document::{Action, Edit, Span};

/// Those for the findings that touch a span: first what mends, then what ignores.
pub(super) fn actions(document: &Dockerfile, span: &Span) -> Vec<Action> {
    let mut mending = Vec::new();
    let mut ignoring_them = Vec::new();
    let mut ignored = BTreeSet::new();
    let judged = document.judged();
    for finding in document.findings_at(span) {
        let id = finding.rule.id;
        if let Some(fix) = &finding.fix {
            let mut title = fix.title.clone().into_owned();
            if let Some(first) = title.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            let safe = fix.safety == Safety::Safe;
            let doubt = if safe { "" } else { ", may change what is built" };
            mending.push(Action {
                title: format!("{title} ({id}{doubt})"),
                edits: fix.edits.iter().map(edit).collect(),
                problem: problem(finding),
                preferred: safe,
            });
        }
        // One comment ignores all findings of a rule at an instruction.
        if ignored.insert((id, finding.line))
            && let Some(comment) = ignoring(&document.read().file, finding, &judged.config)
        {
            ignoring_them.push(Action {
                title: format!("Ignore {id} here"),
                edits: vec![edit(&comment)],
                problem: problem(finding),
                preferred: false,
            });
        }
    }
    mending.append(&mut ignoring_them);
    mending
}

fn edit(edit: &build::Edit) -> Edit {
    Edit { span: edit.span.range(), text: edit.text.clone() }
}

/// What `plimsoll lint --fix` would do, line by line, so that a cursor elsewhere stays.
pub(super) fn mend(document: &Dockerfile) -> Vec<Edit> {
    let judged = document.judged();
    let is_safe = |fix: &build::Fix| fix.safety == Safety::Safe;
    if !judged.findings.iter().any(|finding| finding.fix.as_ref().is_some_and(is_safe)) {
        return Vec::new();
    }
    let before = document.text.as_str();
    let after = fix(before, &judged.config, &judged.environment, Safety::Safe).text;
    changes(before, &after)
}

/// The lines in which two texts differ.
fn changes(before: &str, after: &str) -> Vec<Edit> {
    let (old, new) = (starts(before), starts(after));
    let place =
        |starts: &[usize], line: usize, text: &str| starts.get(line).copied().unwrap_or(text.len());
    let difference = TextDiff::from_lines(before, after);
    let mut edits = Vec::new();
    // Where an insertion stands in the old text is counted here: the difference may have moved it.
    let (mut from, mut to) = (0_usize, 0_usize);
    for op in difference.ops() {
        let from_end = from.saturating_add(op.old_range().len());
        let to_end = to.saturating_add(op.new_range().len());
        if !matches!(op, DiffOp::Equal { .. }) {
            let text = place(&new, to, after)..place(&new, to_end, after);
            edits.push(Edit {
                span: place(&old, from, before)..place(&old, from_end, before),
                text: after.get(text).unwrap_or_default().to_owned(),
            });
        }
        (from, to) = (from_end, to_end);
    }
    edits
}

/// Where the lines of a text begin, as the difference counts them.
fn starts(text: &str) -> Vec<usize> {
    let lines = similar::DiffableStr::tokenize_lines(text);
    let mut at = 0_usize;
    lines
        .iter()
        .map(|line| {
            let start = at;
            at = at.saturating_add(line.len());
            start
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn made(before: &str, edits: &[Edit]) -> String {
        let mut text = before.to_owned();
        for edit in edits.iter().rev() {
            text.replace_range(edit.span.clone(), &edit.text);
        }
        text
    }

    proptest! {
        #[test]
        fn the_changes_lead_from_one_text_to_the_other(
            before in "(a|b|\r\n|\n|\r){0,20}", after in "(a|b|\r\n|\n|\r){0,20}",
        ) {
            prop_assert_eq!(made(&before, &changes(&before, &after)), after);
        }
    }
}

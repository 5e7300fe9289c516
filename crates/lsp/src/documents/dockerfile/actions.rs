//! The edits of findings, and comments that ignore them.

use std::collections::BTreeSet;

use plimsoll_build::{self as build, Safety, fix, ignoring};

use super::{Dockerfile, problem};
use crate::changes::changes;
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

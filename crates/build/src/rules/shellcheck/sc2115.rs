//! `rm -r "$x/…"`, which deletes a directory of the system when `$x` is empty.

use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::shell::{Parameter, Part, Word};

use super::deletion::{deletes_trees, is_of_system_or_root, without_variables};

pub(super) static RULE: Rule = Rule {
    id: "SC2115",
    aliases: &[],
    level: Level::Warning,
    title: "Write `${x:?}`: the command then stops when the variable is empty",
    why: "When the variable is empty, `rm -rf \"$x\"/*` empties the root directory.",
    bad: "FROM debian:12\nARG DIR\nRUN rm -rf \"$DIR\"/*\n",
    good: "FROM debian:12\nARG DIR\nRUN rm -rf \"${DIR:?}\"/*\n",
    mending: Mending::Safe,
    source: "https://www.shellcheck.net/wiki/SC2115",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for call in tree.calls_of(&["rm"]) {
            if !deletes_trees(tree, call) {
                continue;
            }
            for (word, _) in tree.arguments(call) {
                let Some(left) = without_variables(tree, word) else { continue };
                if !is_of_system_or_root(&left) {
                    continue;
                }
                let reported = findings.report(
                    tree.text.line,
                    tree.place(word.span),
                    format!("Use \"${{var:?}}\" to ensure this never expands to {left}"),
                );
                let edits: Vec<Edit> = plain_variables(word)
                    .into_iter()
                    .map(|one| Edit::replace(tree.place(one.span), format!("${{{}:?}}", one.name)))
                    .collect();
                reported.safe_fix("stop when it is empty", edits);
            }
        }
    }
}

/// The variables of a word that stand in it without an operator.
fn plain_variables(word: &Word) -> Vec<&Parameter> {
    let mut found = Vec::new();
    for part in &word.parts {
        let parts = match part {
            Part::DoubleQuoted { parts, .. } => parts.as_slice(),
            one => std::slice::from_ref(one),
        };
        found.extend(parts.iter().filter_map(|part| match part {
            Part::Parameter(one) if one.operator.is_none() && one.index.is_none() => Some(&**one),
            _ => None,
        }));
    }
    found
}

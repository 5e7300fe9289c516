//! A variable that is read and never set.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

use super::variables::Variables;

pub(super) static RULE: Rule = Rule {
    id: "SC2154",
    aliases: &[],
    level: Level::Warning,
    title: "Set the variable, or give it a default as `${x:-…}`",
    why: "A variable that nothing sets is empty. Often its name is spelled wrong, or an `ARG` is missing in this stage.",
    bad: "FROM debian:12\nRUN echo \"$version\" > /etc/version\n",
    good: "FROM debian:12\nARG version=1\nRUN echo \"$version\" > /etc/version\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2154",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for (name, span) in Variables::of(tree).unassigned() {
            if name.bytes().any(|byte| byte.is_ascii_lowercase()) {
                findings.report(
                    tree.text.line,
                    tree.place(span),
                    format!("{name} is referenced but not assigned"),
                );
            }
        }
    }
}

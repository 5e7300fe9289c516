//! `${!x}` in a shell that does not know it.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::ParameterOperator;

pub(super) static RULE: Rule = Rule {
    id: "SC3053",
    aliases: &[],
    level: Level::Warning,
    title: "Name the variable that is meant, or use bash",
    why: "To the `sh` of Debian and Ubuntu `${!x}` is a bad substitution, and the command stops.",
    bad: "FROM debian:12\nRUN NAME=HOME && echo \"${!NAME}\"\n",
    good: "FROM debian:12\nRUN echo \"$HOME\"\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC3053",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.plain_shells() {
        for (_, parameter) in tree.parameters() {
            if parameter.indirect
                && parameter.operator != Some(ParameterOperator::Names)
                && parameter.index.is_none()
            {
                findings.report(
                    tree.text.line,
                    tree.place(parameter.span),
                    "In POSIX sh, indirect expansion is undefined",
                );
            }
        }
    }
}

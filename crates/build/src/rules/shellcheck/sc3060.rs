//! `${x/a/b}` in a shell that does not know it.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::ParameterOperator;

pub(super) static RULE: Rule = Rule {
    id: "SC3060",
    aliases: &[],
    level: Level::Warning,
    title: "Use `sed` instead of `${x/a/b}`, or bash",
    why: "To the `sh` of Debian and Ubuntu it is a bad substitution, and the command stops.",
    bad: "FROM debian:12\nRUN VERSION=1.2.3 && echo \"${VERSION//./-}\"\n",
    good: "FROM debian:12\nRUN VERSION=1.2.3 && echo \"$VERSION\" | tr . -\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC3060",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.plain_shells() {
        for (_, parameter) in tree.parameters() {
            if matches!(
                parameter.operator,
                Some(
                    ParameterOperator::ReplaceFirst
                        | ParameterOperator::ReplaceAll
                        | ParameterOperator::ReplacePrefix
                        | ParameterOperator::ReplaceSuffix
                )
            ) {
                findings.report(
                    tree.text.line,
                    tree.place(parameter.span),
                    "In POSIX sh, string replacement is undefined",
                );
            }
        }
    }
}

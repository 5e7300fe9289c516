//! `${x^^}` and `${x,,}` in a shell that does not know them.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::ParameterOperator;

pub(super) static RULE: Rule = Rule {
    id: "SC3059",
    aliases: &[],
    level: Level::Warning,
    title: "Use `tr` to change the case, or bash",
    why: "To the `sh` of Debian and Ubuntu it is a bad substitution, and the command stops.",
    bad: "FROM debian:12\nRUN NAME=app && echo \"${NAME^^}\"\n",
    good: "FROM debian:12\nRUN NAME=app && echo \"$NAME\" | tr '[:lower:]' '[:upper:]'\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC3059",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.plain_shells() {
        for (_, parameter) in tree.parameters() {
            if matches!(
                parameter.operator,
                Some(
                    ParameterOperator::UppercaseFirst
                        | ParameterOperator::UppercaseAll
                        | ParameterOperator::LowercaseFirst
                        | ParameterOperator::LowercaseAll
                )
            ) {
                findings.report(
                    tree.text.line,
                    tree.place(parameter.span),
                    "In POSIX sh, case modification is undefined",
                );
            }
        }
    }
}

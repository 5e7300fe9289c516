//! `${x:1:2}` in a shell that does not know it.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::ParameterOperator;

pub(super) static RULE: Rule = Rule {
    id: "SC3057",
    aliases: &[],
    level: Level::Warning,
    title: "Use `cut` or `${x#…}` instead of `${x:1:2}`, or bash",
    why: "To the `sh` of Debian and Ubuntu it is a bad substitution, and the command stops.",
    bad: "FROM debian:12\nRUN VERSION=1.2.3 && echo \"${VERSION:0:3}\"\n",
    good: "FROM debian:12\nRUN VERSION=1.2.3 && echo \"${VERSION%.*}\"\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC3057",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.plain_shells() {
        for (_, parameter) in tree.parameters() {
            if parameter.operator == Some(ParameterOperator::Slice) {
                findings.report(
                    tree.text.line,
                    tree.place(parameter.span),
                    "In POSIX sh, string indexing is undefined",
                );
            }
        }
    }
}

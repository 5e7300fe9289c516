//! `local`, which POSIX does not know.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Dialect;

pub(super) static RULE: Rule = Rule {
    id: "SC3043",
    aliases: &[],
    level: Level::Warning,
    title: "Use a subshell or plain variables instead of `local`",
    why: "Most shells know it, but not all: what it does is not laid down.",
    bad: "FROM debian:12\nRUN f() { local x=1; echo \"$x\"; }; f\n",
    good: "FROM debian:12\nRUN f() { x=1; echo \"$x\"; }; f\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC3043",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        if tree.dialect() != Dialect::Posix {
            continue;
        }
        for call in tree.calls_of(&["local"]) {
            findings.report(
                tree.text.line,
                tree.place(call.command.span),
                "In POSIX sh, 'local' is undefined",
            );
        }
    }
}

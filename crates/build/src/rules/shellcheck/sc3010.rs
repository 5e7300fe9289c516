//! `[[ … ]]` in a shell that does not know it.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Command;

use super::tree::Node;

pub(super) static RULE: Rule = Rule {
    id: "SC3010",
    aliases: &[],
    level: Level::Warning,
    title: "Use `[ … ]`, or bash",
    why: "To the `sh` of Debian and Ubuntu `[[` is a program that is not there: the condition is never true.",
    bad: "FROM debian:12\nRUN if [[ -f /etc/app ]]; then cat /etc/app; fi\n",
    good: "FROM debian:12\nRUN if [ -f /etc/app ]; then cat /etc/app; fi\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC3010",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.plain_shells() {
        for (_, node) in tree.nodes() {
            if let Node::Command(Command::Test(test)) = node {
                findings.report(
                    tree.text.line,
                    tree.place(test.span),
                    "In POSIX sh, [[ ]] is undefined",
                );
            }
        }
    }
}

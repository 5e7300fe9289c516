//! `+=` in a shell that does not know it.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

use super::tree::Node;

pub(super) static RULE: Rule = Rule {
    id: "SC3024",
    aliases: &[],
    level: Level::Warning,
    title: "Write `x=\"$x…\"` instead of `x+=…`",
    why: "To the `sh` of Debian and Ubuntu `x+=a` is the name of a program that is not there.",
    bad: "FROM debian:12\nRUN FLAGS=-a && FLAGS+=\" -b\" && echo \"$FLAGS\"\n",
    good: "FROM debian:12\nRUN FLAGS=-a && FLAGS=\"$FLAGS -b\" && echo \"$FLAGS\"\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC3024",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.plain_shells() {
        for (_, node) in tree.nodes() {
            if let Node::Assignment(assignment) = node
                && assignment.append
            {
                findings.report(
                    tree.text.line,
                    tree.place(assignment.name_span),
                    "In POSIX sh, += is undefined",
                );
            }
        }
    }
}

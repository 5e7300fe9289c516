//! `<<<` in a shell that does not know it.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::RedirectOperator;

use super::tree::Node;

pub(super) static RULE: Rule = Rule {
    id: "SC3011",
    aliases: &[],
    level: Level::Warning,
    title: "Use a pipe or a here-document instead of `<<<`, or bash",
    why: "`<<<` is a syntax error to the `sh` of Debian and Alpine.",
    bad: "FROM debian:12\nRUN cat <<< \"hello\"\n",
    good: "FROM debian:12\nRUN echo \"hello\" | cat\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC3011",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.plain_shells() {
        for (_, node) in tree.nodes() {
            if let Node::Redirect(redirect) = node
                && redirect.operator == RedirectOperator::HereString
            {
                findings.report(
                    tree.text.line,
                    tree.place(redirect.operator_span),
                    "In POSIX sh, here-strings are undefined",
                );
            }
        }
    }
}

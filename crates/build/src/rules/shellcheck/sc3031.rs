//! A redirect to or from a pattern.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Part;

use super::tree::Node;

pub(super) static RULE: Rule = Rule {
    id: "SC3031",
    aliases: &[],
    level: Level::Warning,
    title: "Name the file",
    why: "Whether a pattern behind `>` is expanded depends on the shell.",
    bad: "FROM debian:12\nRUN cat < /etc/app.*\n",
    good: "FROM debian:12\nRUN cat /etc/app.conf\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC3031",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.plain_shells() {
        for (_, node) in tree.nodes() {
            if let Node::Redirect(redirect) = node
                && redirect.heredoc.is_none()
                && redirect.target.parts.iter().any(|part| matches!(part, Part::Glob { .. }))
            {
                findings.report(
                    tree.text.line,
                    tree.place(redirect.span),
                    "In POSIX sh, redirecting to/from globs is undefined",
                );
            }
        }
    }
}

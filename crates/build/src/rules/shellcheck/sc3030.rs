//! An array in a shell without arrays.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

use super::tree::Node;

pub(super) static RULE: Rule = Rule {
    id: "SC3030",
    aliases: &[],
    level: Level::Warning,
    title: "Use plain variables or `set --` instead of arrays, or bash",
    why: "`x=(a b)` is a syntax error to the `sh` of Debian and Alpine.",
    bad: "FROM debian:12\nRUN LIST=(a b) && echo \"$LIST\"\n",
    good: "FROM debian:12\nRUN set -- a b && echo \"$1\"\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC3030",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.plain_shells() {
        for (_, node) in tree.nodes() {
            if let Node::Array(array) = node {
                findings.report(
                    tree.text.line,
                    tree.place(array.span),
                    "In POSIX sh, arrays are undefined",
                );
            }
        }
    }
}

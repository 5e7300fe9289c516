//! `${x[1]}` in a shell without arrays.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "SC3054",
    aliases: &[],
    level: Level::Warning,
    title: "Use plain variables or `set --` instead of arrays, or bash",
    why: "The `sh` of Debian and Alpine has no arrays: `${x[1]}` is a bad substitution.",
    bad: "FROM debian:12\nRUN echo \"${LIST[1]}\"\n",
    good: "FROM debian:12\nRUN set -- a b && echo \"$2\"\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC3054",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.plain_shells() {
        for (_, parameter) in tree.parameters() {
            if parameter.index.is_some() {
                findings.report(
                    tree.text.line,
                    tree.place(parameter.span),
                    "In POSIX sh, array references are undefined",
                );
            }
        }
    }
}

//! `{a,b}` in a shell that does not expand it.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::{Dialect, Part};

pub(super) static RULE: Rule = Rule {
    id: "SC3009",
    aliases: &[],
    level: Level::Warning,
    title: "Write the words out, or use a shell that expands braces",
    why: "Only bash and its kin expand braces: the `sh` of Debian and Ubuntu makes one directory called `{bin,lib}`.",
    bad: "FROM debian:12\nRUN mkdir -p /opt/{bin,lib}\n",
    good: "FROM debian:12\nRUN mkdir -p /opt/bin /opt/lib\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC3009",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        if !tree.is_plain_sh() && tree.dialect() != Dialect::Busybox {
            continue;
        }
        for (_, part) in tree.parts() {
            let Part::BraceExpansion { span, .. } = part else { continue };
            findings.report(
                tree.text.line,
                tree.place(*span),
                "In POSIX sh, brace expansion is undefined",
            );
        }
    }
}

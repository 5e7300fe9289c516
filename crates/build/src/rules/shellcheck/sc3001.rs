//! Process substitution in a shell that has none.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Part;

pub(super) static RULE: Rule = Rule {
    id: "SC3001",
    aliases: &[],
    level: Level::Warning,
    title: "Use a file or a pipe instead of `<(…)`, or bash",
    why: "`<(…)` is a syntax error to the `sh` of Debian and Alpine.",
    bad: "FROM debian:12\nRUN diff <(sort a) <(sort b)\n",
    good: "FROM debian:12\nRUN sort a > c && sort b | diff c -\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC3001",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.plain_shells() {
        for (_, part) in tree.parts() {
            let Part::ProcessSubstitution { span, .. } = part else { continue };
            findings.report(
                tree.text.line,
                tree.place(*span),
                "In POSIX sh, process substitution is undefined",
            );
        }
    }
}

//! `source` in a shell that only knows `.`.

use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "SC3046",
    aliases: &[],
    level: Level::Warning,
    title: "Use `.` instead of `source`, or a shell that has `source`",
    why: "`source` is a word of bash: the `sh` of Debian and Ubuntu is dash, which stops with \"source: not found\".",
    bad: "FROM debian:12\nRUN source ./env.sh && make\n",
    good: "FROM debian:12\nRUN . ./env.sh && make\n",
    mending: Mending::Safe,
    source: "https://www.shellcheck.net/wiki/SC3046",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.plain_shells() {
        for call in tree.calls_of(&["source"]) {
            let Some(name) = call.command.words.first() else { continue };
            findings
                .report(
                    tree.text.line,
                    tree.place(name.span),
                    "In POSIX sh, 'source' in place of '.' is undefined",
                )
                .safe_fix("write `.`", vec![Edit::replace(tree.place(name.span), ".")]);
        }
    }
}

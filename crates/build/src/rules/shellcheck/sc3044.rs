//! A builtin that only bash has.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "SC3044",
    aliases: &[],
    level: Level::Warning,
    title: "Do without builtins of bash, or use bash",
    why: "The `sh` of Debian, Ubuntu and Alpine does not know it and stops with \"not found\".",
    bad: "FROM debian:12\nRUN pushd /opt/app && make && popd\n",
    good: "FROM debian:12\nRUN cd /opt/app && make\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC3044",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.plain_shells() {
        for call in tree.calls() {
            if OF_BASH.contains(&call.name.as_ref()) {
                findings.report(
                    tree.text.line,
                    tree.place(call.command.span),
                    format!("In POSIX sh, '{}' is undefined", call.name),
                );
            }
        }
    }
}

const OF_BASH: [&str; 18] = [
    "pushd",
    "popd",
    "dirs",
    "declare",
    "typeset",
    "shopt",
    "mapfile",
    "readarray",
    "disown",
    "compgen",
    "complete",
    "compopt",
    "caller",
    "enable",
    "help",
    "history",
    "logout",
    "suspend",
];

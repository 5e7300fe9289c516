//! `fgrep`, which is no longer kept up.

use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "SC2197",
    aliases: &[],
    level: Level::Info,
    title: "Write `grep -F` instead of `fgrep`",
    why: "GNU grep warns at each call that `fgrep` is obsolete, and some systems no longer have it.",
    bad: "FROM debian:12\nRUN fgrep 'a|b' /etc/app\n",
    good: "FROM debian:12\nRUN grep -F 'a|b' /etc/app\n",
    mending: Mending::Safe,
    source: "https://www.shellcheck.net/wiki/SC2197",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for call in tree.calls_of(&["fgrep"]) {
            let Some(name) = call.command.words.first() else { continue };
            let place = tree.place(name.span);
            let reported = findings.report(
                tree.text.line,
                place,
                "fgrep is non-standard and deprecated. Use grep -F instead",
            );
            if tree.of(name.span) == "fgrep" {
                reported.safe_fix("write grep -F", vec![Edit::replace(place, "grep -F")]);
            }
        }
    }
}

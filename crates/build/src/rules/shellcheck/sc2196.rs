//! `egrep`, which is no longer kept up.

use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "SC2196",
    aliases: &[],
    level: Level::Info,
    title: "Write `grep -E` instead of `egrep`",
    why: "GNU grep warns at each call that `egrep` is obsolete, and some systems no longer have it.",
    bad: "FROM debian:12\nRUN egrep 'a|b' /etc/app\n",
    good: "FROM debian:12\nRUN grep -E 'a|b' /etc/app\n",
    mending: Mending::Safe,
    source: "https://www.shellcheck.net/wiki/SC2196",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for call in tree.calls_of(&["egrep"]) {
            let Some(name) = call.command.words.first() else { continue };
            let place = tree.place(name.span);
            let reported = findings.report(
                tree.text.line,
                place,
                "egrep is non-standard and deprecated. Use grep -E instead",
            );
            if tree.of(name.span) == "egrep" {
                reported.safe_fix("write grep -E", vec![Edit::replace(place, "grep -E")]);
            }
        }
    }
}

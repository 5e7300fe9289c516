//! `==` in a test, where POSIX has `=`.

use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};

use super::conditions::comparisons;

pub(super) static RULE: Rule = Rule {
    id: "SC3014",
    aliases: &[],
    level: Level::Warning,
    title: "Write `=` instead of `==`",
    why: "The `[` of the `sh` of Debian and Ubuntu says \"unexpected operator\", and the condition is never true.",
    bad: "FROM debian:12\nRUN if [ \"$(uname -m)\" == x86_64 ]; then make; fi\n",
    good: "FROM debian:12\nRUN if [ \"$(uname -m)\" = x86_64 ]; then make; fi\n",
    mending: Mending::Safe,
    source: "https://www.shellcheck.net/wiki/SC3014",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.plain_shells() {
        for comparison in comparisons(tree) {
            if tree.of(comparison.operator) == "==" {
                let place = tree.place(comparison.operator);
                findings
                    .report(tree.text.line, place, "In POSIX sh, == in place of = is undefined")
                    .safe_fix("write =", vec![Edit::replace(place, "=")]);
            }
        }
    }
}

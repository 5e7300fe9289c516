//! `ln` with one operand.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

use super::destination::report_missing;

pub(super) static RULE: Rule = Rule {
    id: "SC2226",
    aliases: &[],
    level: Level::Warning,
    title: "Say where to, or write `.`",
    why: "With one operand `ln` makes the link in the working directory, wherever that is.",
    bad: "FROM debian:12\nRUN ln -s /opt/app/bin/app\n",
    good: "FROM debian:12\nRUN ln -s /opt/app/bin/app /usr/bin/app\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2226",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    report_missing(
        context,
        findings,
        "ln",
        "This ln has no destination. Check the arguments, or specify '.' explicitly",
    );
}

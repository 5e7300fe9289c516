//! `mv` with one operand.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

use super::destination::report_missing;

pub(super) static RULE: Rule = Rule {
    id: "SC2224",
    aliases: &[],
    level: Level::Error,
    title: "Say where to",
    why: "`mv` needs to know where to. The command fails.",
    bad: "FROM debian:12\nRUN mv /opt/app\n",
    good: "FROM debian:12\nRUN mv /opt/app /srv/app\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2224",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    report_missing(context, findings, "mv", "This mv has no destination. Check the arguments");
}

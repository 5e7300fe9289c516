//! A variable that is set and never read.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

use super::variables::Variables;

pub(super) static RULE: Rule = Rule {
    id: "SC2034",
    aliases: &[],
    level: Level::Warning,
    title: "Read the variable, export it, or take it out",
    why: "A variable that nothing reads is often a name spelled wrong, or one that should have been exported.",
    bad: "FROM debian:12\nRUN CONF=/etc/app.conf; make\n",
    good: "FROM debian:12\nRUN CONF=/etc/app.conf; make \"$CONF\"\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC2034",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.shells() {
        for (name, span) in Variables::of(tree).unused() {
            findings.report(
                tree.text.line,
                tree.place(span),
                format!("{name} appears unused. Verify use (or export if used externally)"),
            );
        }
    }
}

//! `HEALTHCHECK NONE`.

use super::lineage;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::{Arguments, Keyword};

pub(super) static RULE: Rule = Rule {
    id: "PL1207",
    aliases: &[],
    level: Level::Info,
    title: "Replace a HEALTHCHECK instead of switching it off",
    why: "`HEALTHCHECK NONE` takes the check of the base image away, and no engine sees any more \
          whether the program works.",
    bad: "FROM example.com/app:1\nHEALTHCHECK NONE\n",
    good: "FROM example.com/app:1\nHEALTHCHECK --interval=30s --timeout=3s CMD [\"/bin/check\"]\n",
    mending: Mending::None,
    source: "https://docs.docker.com/reference/dockerfile/#healthcheck",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(step) = lineage::last(context, Keyword::Healthcheck) else { return };
    if let Arguments::Health(kind, _) = &step.instruction.arguments
        && kind.text.eq_ignore_ascii_case("NONE")
    {
        findings.report(step.line, kind.span, "HEALTHCHECK is switched off");
    }
}

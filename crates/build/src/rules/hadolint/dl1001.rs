//! Comments that ignore findings.

use crate::context::Context;
use crate::finding::Level;
use crate::ignore::{Pragma, Reach, Tool, instruction_around};
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "DL1001",
    aliases: &[],
    level: Level::Ignore,
    title: "Mend what is found instead of ignoring it",
    why: "An ignore comment outlives its reason: nobody looks at it again. This rule finds \
          them all for projects that decide centrally what is ignored; it is off unless it is \
          given a level.",
    bad: "# hadolint ignore=DL3007\nFROM debian:latest\n",
    good: "FROM debian:12.11-slim\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL1001",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for comment in &context.file.comments {
        let Ok(Some(pragma)) = Pragma::parse(context.file.source.slice(comment.span)) else {
            continue;
        };
        let within = instruction_around(context.file, comment.line).is_some();
        if pragma.tool == Tool::Hadolint && pragma.reach == Reach::Next && !within {
            findings.report(
                comment.line,
                comment.span,
                "Please refrain from using inline ignore pragmas `# hadolint ignore=DLxxxx`",
            );
        }
    }
}

//! `USER root` as the last word of a stage.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "DL3002",
    aliases: &["DS-0002", "AVD-DS-0002", "DS002", "CIS-4.1", "CIS-DI-0001"],
    level: Level::Warning,
    title: "Let the last USER of a stage be another than root",
    why: "What runs as root in a container is root on the host's kernel: a mistake in the \
          program, or in the kernel, reaches further.",
    bad: "FROM alpine:3.20\nUSER root\n",
    good: "FROM alpine:3.20\nUSER 1000\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3002",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for stage in context.stages {
        let Some(own) = context.file.instructions.get(stage.instructions.clone()) else { continue };
        let Some(last) = own.iter().rev().find(|one| one.keyword == Keyword::User) else {
            continue;
        };
        let Some(user) = last.arguments.text() else { continue };
        let name = user.text.split(':').next().unwrap_or_default();
        if matches!(name, "root" | "0") {
            let message = format!("Last USER should not be root: this stage ends as `{name}`");
            findings.report(last.lines.0, user.span, message);
        }
    }
}

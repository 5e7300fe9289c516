//! Stage names with capital letters.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "StageNameCasing",
    aliases: &[],
    level: Level::Style,
    title: "Write stage names in lower case",
    why: "Names in lower case are told from keywords at a glance.",
    bad: "FROM alpine:3.20 AS Build\n",
    good: "FROM alpine:3.20 AS build\n",
    mending: Mending::None,
    source: "https://docs.docker.com/reference/build-checks/stage-name-casing/",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for stage in context.stages {
        let Some(name) = &stage.name else { continue };
        if name.text.chars().any(char::is_uppercase) {
            let line = context.file.source.line(stage.span(context.file).start);
            let message = format!("Stage name '{}' should be lowercase", name.text);
            findings.report(line, name.span, message);
        }
    }
}

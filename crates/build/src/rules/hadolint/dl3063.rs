//! Names of stages that mean something else.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "DL3063",
    aliases: &["ReservedStageName"],
    level: Level::Warning,
    title: "Name no stage `context` or `scratch`",
    why: "These names mean something else to the builder: the files of the build, and the \
          empty image.",
    bad: "FROM alpine:3.20 AS context\n",
    good: "FROM alpine:3.20 AS base\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3063",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for stage in context.stages {
        let Some(name) = &stage.name else { continue };
        let reserved = ["context", "scratch"];
        if reserved.iter().any(|reserved| name.text.eq_ignore_ascii_case(reserved)) {
            let line = context.file.source.line(stage.span(context.file).start);
            let message = format!("stage name should not be a reserved word: {}", name.text);
            findings.report(line, name.span, message);
        }
    }
}

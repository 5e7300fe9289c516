//! `COPY` of several files to what does not look like a folder.

use super::quotes::{bare, inner_span};
use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "DL3021",
    aliases: &["DS-0011", "AVD-DS-0011", "DS011"],
    level: Level::Error,
    title: "End the target of several sources with a slash",
    why: "Several files need a folder to go to, and the slash says that the target is one; \
          without it the builder may refuse.",
    bad: "FROM alpine:3.20\nCOPY one two /srv\n",
    good: "FROM alpine:3.20\nCOPY one two /srv/\n",
    mending: Mending::Safe,
    source: "https://github.com/hadolint/hadolint/wiki/DL3021",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for step in context.steps_of(Keyword::Copy).filter(|step| !step.onbuild) {
        let words = step.instruction.arguments.words();
        let Some(target) = words.last().filter(|_| words.len() > 2) else { continue };
        if bare(&target.text).ends_with('/') {
            continue;
        }
        let message = format!(
            "COPY with more than 2 arguments requires the last argument to end with /: {}",
            target.text
        );
        let reported = findings.report(step.line, target.span, message);
        let windows = target.text.contains('\\');
        if let Some(span) = inner_span(context.file.source.text(), target).filter(|_| !windows) {
            reported.safe_fix("end it with /", vec![Edit::insert(span.end, "/")]);
        }
    }
}

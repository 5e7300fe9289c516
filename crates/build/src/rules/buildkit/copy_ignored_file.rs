//! `COPY` of a file that `.dockerignore` keeps out.

use crate::build_context::{Steps, context_sources};
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "CopyIgnoredFile",
    aliases: &[],
    level: Level::Warning,
    title: "Copy nothing that .dockerignore leaves out",
    why: "The file is no part of the build context, so the build fails. The example has a \
          `.dockerignore` with the line `.env`. A file with exceptions (`!`) is not judged, as the \
          builder does not judge it.",
    bad: "FROM alpine:3.20\nCOPY .env /srv/\n",
    good: "FROM alpine:3.20\nCOPY app /srv/\n",
    mending: Mending::None,
    source: "https://docs.docker.com/reference/build-checks/copy-ignored-file/",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let folder = context.environment.build_context.as_ref();
    let Some(ignore) = folder.and_then(|folder| folder.ignore.as_ref()) else { return };
    if ignore.is_empty() || ignore.has_exceptions() {
        return;
    }
    let mut steps = Steps::default();
    for source in context_sources(context) {
        let ignored = if source.path == "." {
            Some(ignore.ignores_everything())
        } else {
            ignore.ignores(&source.path, &mut steps)
        };
        let Some(ignored) = ignored else { return };
        if !ignored {
            continue;
        }
        let verb = if source.step.instruction.keyword == Keyword::Add { "Add" } else { "Copy" };
        let message = format!(
            "Attempting to {verb} file \"{}\" that is excluded by .dockerignore",
            source.path
        );
        findings.report(source.step.line, source.argument.span, message);
    }
}

//! `COPY` of a file that is not there.

use crate::build_context::context_sources;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::nearest;

pub(super) static RULE: Rule = Rule {
    id: "PL1303",
    aliases: &[],
    level: Level::Ignore,
    title: "Copy what is in the build context",
    why: "The build fails at a source that does not exist. The rule is off unless `--context` \
          names the folder; a source with a variable in it is not judged.",
    bad: "FROM alpine:3.20\nCOPY absent /srv/\n",
    good: "FROM alpine:3.20\nCOPY app /srv/\n",
    mending: Mending::None,
    source: "https://docs.docker.com/reference/dockerfile/#copy",
    check,
};

/// How many sources of a file are looked for.
const MAX_SOURCES: usize = 1_000;

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let folder = context.environment.build_context.as_ref();
    let Some(folder) = folder.filter(|folder| folder.is_complete()) else { return };
    for source in context_sources(context).take(MAX_SOURCES) {
        let pattern = source.path.contains(['*', '?', '[', '\\']);
        // What is in a repository's own folder is not listed.
        let hidden = source.path.starts_with(".git/");
        if hidden || source.is_variable || source.is_whole() || pattern || folder.has(&source.path)
        {
            continue;
        }
        let parent = source.path.rsplit_once('/').map_or("", |(parent, _)| parent);
        let siblings = folder
            .entries()
            .iter()
            .map(String::as_str)
            .filter(|entry| entry.rsplit_once('/').map_or("", |(parent, _)| parent) == parent);
        let hint = nearest(&source.path, siblings)
            .map(|known| format!(" (did you mean `{known}`?)"))
            .unwrap_or_default();
        let message = format!("`{}` is not in the build context{hint}", source.path);
        findings.report(source.step.line, source.argument.span, message);
    }
}

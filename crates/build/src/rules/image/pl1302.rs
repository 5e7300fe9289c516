//! A `.dockerignore` that lets secrets through.

use std::collections::HashSet;

use crate::build_context::{Kind, Steps, context_sources};
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "PL1302",
    aliases: &[],
    level: Level::Warning,
    title: "Keep secrets and the sources' history out of the build context",
    why: "A key, a `.env` or the history in `.git` that COPY takes can be read by everyone who has \
          the image; a later RUN that deletes it leaves it in the layer. The example has a `.git` in \
          the folder, and a `.dockerignore` that does not name it.",
    bad: "FROM alpine:3.20\nCOPY . /srv\n",
    good: "FROM alpine:3.20\nCOPY app /srv/app\n",
    mending: Mending::None,
    source: "https://docs.docker.com/build/concepts/context/#dockerignore-files",
    check,
};

/// How many names a message has.
const MAX_NAMES: usize = 5;
/// How many sources of a file are looked at.
const MAX_SOURCES: usize = 1_000;

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(folder) = &context.environment.build_context else { return };
    let mut steps = Steps::default();
    let mut exposed: Vec<&str> = Vec::new();
    let kept_out = [Kind::Repository, Kind::Secret];
    for (entry, _) in folder.sensitive().filter(|(_, kind)| kept_out.contains(kind)) {
        match folder.ignores(entry, &mut steps) {
            Some(true) => {}
            Some(false) => exposed.push(entry),
            None => break,
        }
    }
    let mut told: HashSet<&str> = HashSet::new();
    for source in context_sources(context).take(MAX_SOURCES) {
        // Without an ignore file the whole context is another rule's to tell.
        if exposed.is_empty() || source.is_whole() && folder.ignore.is_none() {
            continue;
        }
        // Who names a file means it.
        let names: Vec<&str> = exposed
            .iter()
            .copied()
            .filter(|name| *name != source.path && source.takes(name) && !told.contains(name))
            .collect();
        told.extend(&names);
        if names.is_empty() {
            continue;
        }
        let shown: Vec<String> =
            names.iter().take(MAX_NAMES).map(|name| format!("`{name}`")).collect();
        let more = names.len().saturating_sub(MAX_NAMES);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let message = format!(
            "{}{more} would get into the image: name it in .dockerignore, or copy what is needed",
            shown.join(", ")
        );
        findings.report(source.step.line, source.argument.span, message);
    }
}

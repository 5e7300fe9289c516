//! `COPY` to a relative path without a `WORKDIR`.

use super::quotes::{bare, inner_span, is_absolute_or_unknown};
use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "DL3045",
    aliases: &[],
    level: Level::Warning,
    title: "Copy to an absolute path, or set WORKDIR before",
    why: "Without WORKDIR a relative target lies where the base image happens to stand; when \
          the base changes, files land elsewhere.",
    bad: "FROM alpine:3.20\nCOPY app.py app.py\n",
    good: "FROM alpine:3.20\nWORKDIR /srv\nCOPY app.py app.py\n",
    mending: Mending::Unsafe,
    source: "https://github.com/hadolint/hadolint/wiki/DL3045",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let mut standing: Vec<bool> = vec![false; context.stages.len()];
    let mut before = false;
    for step in context.steps() {
        let keyword = step.instruction.keyword;
        let slot = match step.stage {
            Some(stage) => standing.get_mut(stage),
            None => Some(&mut before),
        };
        let Some(slot) = slot else { continue };
        match keyword {
            Keyword::From if !step.onbuild => {
                let parent = step.stage.and_then(|stage| context.stages.get(stage)?.parent);
                let inherited = parent.and_then(|parent| standing.get(parent).copied());
                if let Some(slot) = step.stage.and_then(|stage| standing.get_mut(stage)) {
                    *slot = inherited.unwrap_or(false);
                }
            }
            Keyword::Workdir if !step.onbuild => *slot = true,
            Keyword::Copy if !*slot && !step.onbuild => {
                let words = step.instruction.arguments.words();
                let Some(target) = words.last().filter(|_| words.len() > 1) else { continue };
                let path = bare(&target.text);
                if is_absolute_or_unknown(path) {
                    continue;
                }
                let message =
                    format!("`COPY` to a relative destination without `WORKDIR` set: {path}");
                let reported = findings.report(step.line, target.span, message);
                let span = inner_span(context.file.source.text(), target);
                if let (Some(span), Some(absolute)) = (span, from_root(path)) {
                    let edits = vec![Edit::replace(span, absolute)];
                    reported.unsafe_fix("write it from the root folder", edits);
                }
            }
            _ => {}
        }
    }
}

fn from_root(path: &str) -> Option<String> {
    if path.contains(['\\', '%', '`']) || path.starts_with(['~', '-']) || path.contains("..") {
        return None;
    }
    let rest = path.strip_prefix("./").unwrap_or(path);
    Some(format!("/{}", if rest == "." { "" } else { rest }))
}

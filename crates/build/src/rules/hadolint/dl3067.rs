//! `COPY --from=… / /`.

use super::quotes::bare;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "DL3067",
    aliases: &[],
    level: Level::Warning,
    title: "Copy what is needed from another stage, not its whole filesystem",
    why: "Copying `/` brings all that the stage has, compilers and caches with it, and \
          overwrites what the base of this one had.",
    bad: "FROM alpine:3.20 AS build\nFROM scratch\nCOPY --from=build / /\n",
    good: "FROM alpine:3.20 AS build\nFROM scratch\nCOPY --from=build /app /app\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3067",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for step in context.steps_of(Keyword::Copy).filter(|step| !step.onbuild) {
        if step.instruction.flag("from").is_none() {
            continue;
        }
        let Some((target, sources)) = step.instruction.arguments.words().split_last() else {
            continue;
        };
        let source = sources.iter().find(|source| bare(&source.text) == "/");
        if let Some(source) = source.filter(|_| bare(&target.text) == "/") {
            findings.report(
                step.line,
                source.span,
                "Do not copy an entire filesystem from another stage: `/` to `/`",
            );
        }
    }
}

//! Stages that build something of which nothing gets into the last one.

use std::collections::BTreeSet;

use crate::Stage;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "PL1113",
    aliases: &[],
    level: Level::Info,
    title: "Use what a stage builds",
    why: "BuildKit leaves out stages that the wanted one does not need: nothing copies from them and \
          nothing is built on them, so they do nothing in a plain build. Where a stage without a \
          name, or one that is named after building, is left out, a COPY --from was likely \
          forgotten. Stages with other names are taken to be meant for --target.",
    bad: "FROM node:20 AS build\nWORKDIR /app\nCOPY . .\nRUN npm ci && npm run build\n\
          FROM nginx:1.27-alpine\nCOPY dist /usr/share/nginx/html\n",
    good: "FROM node:20 AS build\nWORKDIR /app\nCOPY . .\nRUN npm ci && npm run build\n\
           FROM nginx:1.27-alpine\nCOPY --from=build /app/dist /usr/share/nginx/html\n",
    mending: Mending::None,
    source: "https://docs.docker.com/build/building/multi-stage/#stop-at-a-specific-build-stage",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(last) = context.final_stage() else { return };
    let uses = context.flow().uses();
    let wanted = uses.all(last.index);
    // The topmost of unused stages stands for those below it.
    let below: BTreeSet<usize> =
        context.stages.iter().flat_map(|stage| uses.direct(stage.index)).collect();
    for stage in context.stages {
        if wanted.contains(&stage.index) || below.contains(&stage.index) || !is_for_others(stage) {
            continue;
        }
        let name = stage.name.as_ref();
        let span = name.map_or(stage.image.span, |name| name.span);
        let line = context.file.source.line(stage.span(context.file).start);
        let name = name.map_or_else(|| stage.index.to_string(), |name| name.text.clone());
        let message = format!("no later stage uses {name}: a plain build leaves it out");
        findings.report(line, span, message);
    }
}

/// Whether a stage is one that others take from, by its name.
fn is_for_others(stage: &Stage) -> bool {
    let parts = ["build", "compil", "deps", "depend", "install", "download", "fetch"];
    stage.name.as_ref().is_none_or(|name| {
        let name = name.text.to_ascii_lowercase();
        parts.iter().any(|part| name.contains(part)) && !name.contains("test")
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::said;

    #[test]
    fn the_topmost_unused_stage_is_named() {
        let text = "FROM a AS b\nFROM b AS c\nFROM c AS builder\nFROM b\n";
        let message = "3: no later stage uses builder: a plain build leaves it out";
        assert_eq!(said("PL1113", text), [message]);
        assert_eq!(said("PL1113", "FROM a\nFROM b\n").len(), 1);
    }

    #[test]
    fn stages_that_are_copied_from_or_mounted_are_used() {
        for text in [
            "FROM a AS test\nFROM a AS dev\nFROM c\n",
            "ARG X=y\nFROM a AS build-y\nFROM a AS build-z\nFROM build-$X\n",
            "FROM a AS b\nFROM c\nCOPY --from=b /x /x\n",
            "FROM a\nFROM c\nCOPY --from=0 /x /x\n",
            "FROM a AS B\nFROM c\nRUN --mount=type=bind,from=b,target=/x x\n",
            "FROM a AS b\nFROM b\n",
            "FROM a\n",
        ] {
            assert_eq!(said("PL1113", text), [""; 0], "{text}");
        }
    }
}

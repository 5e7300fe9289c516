//! Stages that are no part of the last one.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "PL1113",
    aliases: &[],
    level: Level::Info,
    title: "A stage that no other uses is built with --target alone",
    why: "BuildKit leaves out what the wanted stage does not need, so a stage that nothing copies \
          from and nothing is built on does nothing in a plain build: a test that stands there is \
          not run. That is right where it is meant for --target, and a mistake where a COPY --from \
          was forgotten.",
    bad: "FROM golang:1.23 AS build\nCOPY . /src\nRUN go build -o /app /src\n\
          FROM build AS test\nRUN go test ./...\nFROM scratch\nCOPY --from=build /app /app\n",
    good: "FROM golang:1.23 AS build\nCOPY . /src\nRUN go build -o /app /src && go test ./...\n\
           FROM scratch\nCOPY --from=build /app /app\n",
    mending: Mending::None,
    source: "https://docs.docker.com/build/building/multi-stage/#stop-at-a-specific-build-stage",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(last) = context.final_stage() else { return };
    let uses = context.flow().uses();
    let used = uses.all(last.index);
    for stage in context.stages.iter().filter(|stage| !used.contains(&stage.index)) {
        // The topmost of unused stages stands for those below it.
        let on_it = |other: &&crate::Stage| uses.direct(other.index).any(|one| one == stage.index);
        if context.stages.iter().any(|other| on_it(&other)) {
            continue;
        }
        let span = stage.name.as_ref().map_or(stage.image.span, |name| name.span);
        let line = context.file.source.line(stage.span(context.file).start);
        let name = stage.name.as_ref().map_or_else(|| stage.index.to_string(), |name| name.text.clone());
        let message = format!("the last stage does not use {name}: it is built with --target {name} alone");
        findings.report(line, span, message);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::said;

    #[test]
    fn the_topmost_unused_stage_is_named() {
        let text = "FROM a AS b\nFROM b AS c\nFROM c AS d\nFROM b\n";
        let message = "3: the last stage does not use d: it is built with --target d alone";
        assert_eq!(said("PL1113", text), [message]);
        assert_eq!(said("PL1113", "FROM a\nFROM b\n").len(), 1);
    }

    #[test]
    fn stages_that_are_copied_from_or_mounted_are_used() {
        for text in [
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

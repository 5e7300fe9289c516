//! Stages without `HEALTHCHECK`.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "DL3057",
    aliases: &["DS-0026", "AVD-DS-0026", "DS026", "CIS-4.6", "CIS-DI-0006"],
    level: Level::Ignore,
    title: "Say how the health of the program is asked",
    why: "A container that hangs is up as long as its process is; HEALTHCHECK lets the engine \
          see more. Orchestrators such as Kubernetes ask in their own way, so it is off unless \
          it is given a level.",
    bad: "FROM alpine:3.20\n",
    good: "FROM alpine:3.20\nHEALTHCHECK CMD [\"true\"]\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3057",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let mut checked: Vec<bool> = vec![false; context.stages.len()];
    for stage in context.stages {
        let own = context.file.instructions.get(stage.instructions.clone()).unwrap_or_default();
        let has = own.iter().any(|one| one.keyword == Keyword::Healthcheck)
            || stage.parent.is_some_and(|parent| checked.get(parent) == Some(&true));
        if has {
            // What this stage is built on needs none of its own.
            let mut next = Some(stage.index);
            while let Some(index) = next {
                match checked.get_mut(index) {
                    Some(slot) if !*slot => *slot = true,
                    _ => break,
                }
                next = context.stages.get(index).and_then(|stage| stage.parent);
            }
        }
    }
    for stage in context.stages {
        if checked.get(stage.index) == Some(&false) {
            let line = context.file.source.line(stage.span(context.file).start);
            findings.report(line, stage.image.span, "`HEALTHCHECK` instruction missing");
        }
    }
}

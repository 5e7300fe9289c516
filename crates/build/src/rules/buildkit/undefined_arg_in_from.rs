//! `FROM` with a variable that nothing defines.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::{Expander, Keyword};

pub(super) static RULE: Rule = Rule {
    id: "UndefinedArgInFrom",
    aliases: &[],
    level: Level::Warning,
    title: "Define the ARG that FROM uses before it",
    why: "The variable is empty there: an ARG counts for FROM only before the first one.",
    bad: "FROM alpine:${VERSION}\n",
    good: "ARG VERSION=3.20\nFROM alpine:${VERSION}\n",
    mending: Mending::None,
    source: "https://docs.docker.com/reference/build-checks/undefined-arg-in-from/",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    const GIVEN: [&str; 8] = [
        "BUILDPLATFORM",
        "BUILDOS",
        "BUILDARCH",
        "BUILDVARIANT",
        "TARGETPLATFORM",
        "TARGETOS",
        "TARGETARCH",
        "TARGETVARIANT",
    ];
    for step in context.steps_of(Keyword::From) {
        let Some(image) = step.instruction.arguments.words().first() else { continue };
        let scope = context.scope(step);
        let Ok(used) = Expander::new(context.file.escape).expand(&image.text, &scope) else {
            continue;
        };
        for name in used.unset {
            if scope.definition(&name).is_none() && !GIVEN.contains(&name.as_str()) {
                let message = format!("FROM argument '{name}' is not declared");
                findings.report(step.line, image.span, message);
            }
        }
    }
}

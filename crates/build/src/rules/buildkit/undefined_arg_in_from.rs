//! `FROM` with a variable that nothing defines.

use std::collections::BTreeSet;

use super::expansion::{Global, PLATFORM};
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::{Expander, Keyword, nearest};

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
    for step in context.steps_of(Keyword::From).filter(|step| !step.onbuild) {
        let platform = step.instruction.flag("platform");
        let platform = platform.and_then(|flag| Some((flag.value()?, flag.span)));
        let image = step.instruction.arguments.words().first();
        let image = image.map(|image| (image.text.as_str(), image.span));
        let scope = context.scope(step);
        let mut told = BTreeSet::new();
        for (text, span) in image.into_iter().chain(platform) {
            let expander = Expander::new(context.file.escape);
            let Ok(used) = expander.expand(text, &Global(&scope)) else { continue };
            for name in used.unset {
                if scope.is_declared(&name) || !told.insert(name.clone()) {
                    continue;
                }
                let known = scope.names().chain(PLATFORM.iter().map(|(name, _)| *name));
                let hint = nearest(&name, known)
                    .map(|known| format!(" (did you mean {known}?)"))
                    .unwrap_or_default();
                let message = format!("FROM argument '{name}' is not declared{hint}");
                findings.report(step.line, span, message);
            }
        }
    }
}

//! Variables that nothing defines.

use std::collections::BTreeSet;

use super::base_variables::BaseVariables;
use super::expansion::expansions;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::{Keyword, nearest};

pub(super) static RULE: Rule = Rule {
    id: "UndefinedVar",
    aliases: &[],
    level: Level::Warning,
    title: "Define a variable before it is used",
    why: "A variable that nothing defines is empty, and the build goes on. An ARG before the first \
          FROM is not seen in a stage until the stage repeats it. The base image may set variables \
          of its own: where that is not known, only a name that is nearly one of the file's, or \
          that of an ARG before FROM, is told.",
    bad: "FROM alpine:3.20\nARG version=1\nCOPY app-$versoin /app\n",
    good: "FROM alpine:3.20\nARG version=1\nCOPY app-$version /app\n",
    mending: Mending::None,
    source: "https://docs.docker.com/reference/build-checks/undefined-var/",
    check,
};

/// Arguments of the builder itself that are no variables of a build.
const OF_BUILDER: [&str; 2] = ["BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for step in context.steps().filter(|step| !step.onbuild) {
        let keyword = step.instruction.keyword;
        let Some(stage) = step.stage.and_then(|stage| context.stages.get(stage)) else { continue };
        if keyword == Keyword::From {
            continue;
        }
        let scope = context.scope(step);
        let mut told: BTreeSet<String> = BTreeSet::new();
        for text in expansions(step.instruction) {
            if !text.text.contains('$') {
                continue;
            }
            let Ok(expanded) = text.expand(context.file.escape, &scope) else { continue };
            for name in expanded.unset {
                if scope.is_declared(&name)
                    || BaseVariables::is_given(&name)
                    || OF_BUILDER.contains(&name.as_str())
                    || !told.insert(name.clone())
                {
                    continue;
                }
                let global = context.scopes.at(None, usize::MAX).is_declared(&name);
                let suggestion = nearest(&name, scope.names());
                let unknown = BaseVariables::of(context, stage) == BaseVariables::Unknown;
                if unknown && !global && suggestion.is_none() {
                    continue;
                }
                let hint = match suggestion {
                    _ if global => format!(
                        " (the `ARG {name}` before FROM is not seen here: repeat `ARG {name}` in \
                         the stage)"
                    ),
                    Some(name) => format!(" (did you mean ${name}?)"),
                    None => String::new(),
                };
                let message = format!("Usage of undefined variable '${name}'{hint}");
                let place = text.place(context.file.source.text(), &name);
                findings.report(step.line, place, message);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::syntax::Dockerfile;
    use crate::{Config, Environment, Source, lint};

    fn found(text: &str) -> Vec<String> {
        let file = Dockerfile::parse(Source::new(text));
        let found = lint(&file, &Config::default(), &Environment::default()).findings;
        found
            .into_iter()
            .filter(|one| one.rule.id == "UndefinedVar")
            .map(|one| format!("{}: {}", file.source.slice(one.span), one.message))
            .collect()
    }

    #[test]
    fn a_variable_that_the_base_may_set_is_not_told() {
        assert_eq!(found("FROM golang:1.24\nWORKDIR $GOPATH/src\n"), [""; 0]);
        assert_eq!(
            found("FROM alpine:3.20\nWORKDIR /x/${GOPATH:-y}/src\n"),
            ["${GOPATH:-y}: Usage of undefined variable '$GOPATH'"]
        );
    }

    #[test]
    fn an_argument_before_from_is_named_as_the_mistake() {
        let all = found("ARG TAG=1\nFROM golang:$TAG\nLABEL version=$TAG\n");
        assert!(all.first().is_some_and(|one| one.contains("repeat `ARG TAG`")), "{all:?}");
    }
}

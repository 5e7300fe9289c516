//! Dockerfiles as the formats see them.

use plimsoll_build as build;
use plimsoll_build::syntax::Dockerfile;
use plimsoll_model::text::{Edit, Level, Safety, Source, Span};

use super::judged::{Finding, Fix, Judged, Rule};

impl<'a> Judged<'a> {
    /// A Dockerfile and what was found in it.
    pub fn dockerfile(path: &'a str, file: &'a Dockerfile, found: &'a [build::Finding]) -> Self {
        Self {
            path,
            source: Source::new(file.source.text()),
            findings: found.iter().map(finding).collect(),
            syntax: Some(Box::new(|| file.dump())),
        }
    }
}

fn finding(found: &build::Finding) -> Finding<'_> {
    let rule = found.rule;
    Finding {
        rule: Rule {
            id: rule.id,
            aliases: rule.aliases,
            level: level(rule.level),
            title: rule.title,
            why: rule.why,
            bad: rule.bad,
            good: rule.good,
            source: rule.source,
            language: "dockerfile",
        },
        level: level(found.level),
        message: &found.message,
        span: span(found.span),
        line: found.line,
        fix: found.fix.as_ref().map(|fix| Fix {
            title: &fix.title,
            safety: match fix.safety {
                build::Safety::Safe => Safety::Safe,
                build::Safety::Unsafe => Safety::Unsafe,
            },
            edits: fix
                .edits
                .iter()
                .map(|edit| Edit::replace(span(edit.span), edit.text.clone()))
                .collect(),
        }),
        related: found.related.iter().map(|(place, text)| (span(*place), &**text)).collect(),
    }
}

fn span(of: build::Span) -> Span {
    Span::new(of.start, of.end)
}

fn level(of: build::Level) -> Level {
    match of {
        build::Level::Ignore => Level::Ignore,
        build::Level::Style => Level::Style,
        build::Level::Info => Level::Info,
        build::Level::Warning => Level::Warning,
        build::Level::Error => Level::Error,
    }
}

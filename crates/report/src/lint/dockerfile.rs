//! Dockerfiles as the formats see them.

use plimsoll_build as build;
use plimsoll_build::syntax::Dockerfile;

use super::judged::{Finding, Fix, Judged, Rule};

impl<'a> Judged<'a> {
    /// A Dockerfile and what was found in it.
    pub fn dockerfile(path: &'a str, file: &'a Dockerfile, found: &'a [build::Finding]) -> Self {
        Self {
            path,
            source: &file.source,
            findings: found.iter().map(finding).collect(),
            secrets: None,
            syntax: Some(Box::new(|| file.dump())),
        }
    }
}

fn finding(found: &build::Finding) -> Finding<'_> {
    Finding {
        rule: Rule::from(found.rule),
        level: found.level,
        message: &found.message,
        span: found.span,
        line: found.line,
        fix: found.fix.as_ref().map(|fix| Fix {
            title: &fix.title,
            safety: fix.safety,
            edits: &fix.edits,
        }),
        related: found.related.iter().map(|(place, text)| (*place, &**text)).collect(),
    }
}

impl<'a> From<&'a build::Rule> for Rule<'a> {
    fn from(rule: &'a build::Rule) -> Self {
        Self {
            id: rule.id,
            aliases: rule.aliases,
            level: rule.level,
            title: rule.title,
            why: rule.why,
            bad: rule.bad,
            good: rule.good,
            source: rule.source,
            language: "dockerfile",
        }
    }
}

//! Kubernetes manifests as the formats see them.

use plimsoll_kube as kube;
use plimsoll_model::text::Source;

use super::judged::{Finding, Fix, Judged, Rule};

impl<'a> Judged<'a> {
    /// A manifest and what was found in it.
    pub fn manifest(path: &'a str, source: &'a Source, found: &'a [kube::Finding]) -> Self {
        let findings = found.iter().map(|found| finding(source, found)).collect();
        Self { path, source, findings, syntax: None }
    }
}

fn finding<'a>(source: &Source, found: &'a kube::Finding) -> Finding<'a> {
    Finding {
        rule: Rule::from(found.rule),
        level: found.level,
        message: &found.message,
        span: found.span,
        line: source.line(found.span.start),
        fix: found.fix.as_ref().map(|fix| Fix {
            title: &fix.title,
            safety: fix.safety,
            edits: &fix.edits,
        }),
        related: found.related.iter().map(|(place, text)| (*place, &**text)).collect(),
    }
}

impl<'a> From<&'a kube::Rule> for Rule<'a> {
    fn from(rule: &'a kube::Rule) -> Self {
        Self {
            id: rule.id,
            aliases: rule.aliases,
            level: rule.level,
            title: rule.title,
            why: rule.why,
            bad: rule.bad,
            good: rule.good,
            source: rule.source,
            language: "yaml",
        }
    }
}

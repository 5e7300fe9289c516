//! Kubernetes manifests as the formats see them.

use kube::manifest::Manifest;
use kube::redact::redactions;
use plimsoll_kube as kube;
use plimsoll_model::text::Source;

use super::judged::{Finding, Fix, Judged, Rule};

impl<'a> Judged<'a> {
    /// A manifest and what was found in it.
    pub fn manifest(path: &'a str, manifest: &'a Manifest, found: &'a [kube::Finding]) -> Self {
        let source = &manifest.source;
        let findings = found.iter().map(|found| finding(source, found)).collect();
        let secrets = Box::new(|| redactions(manifest));
        Self { path, source, findings, secrets: Some(secrets), syntax: None }
    }

    /// The same of a text whose values were not kept.
    pub fn manifest_text(path: &'a str, source: &'a Source, found: &'a [kube::Finding]) -> Self {
        let findings = found.iter().map(|found| finding(source, found)).collect();
        let secrets = Box::new(|| redactions(&Manifest::parse(source.clone())));
        Self { path, source, findings, secrets: Some(secrets), syntax: None }
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

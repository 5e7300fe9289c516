//! Registries that the project does not trust.

use crate::Span;
use crate::context::Context;
use crate::context::Step;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "DL3026",
    aliases: &["CIS-4.2", "CIS-DI-0002"],
    level: Level::Error,
    title: "Build only on images of registries that the project trusts",
    why: "An image of an unknown registry runs whatever its owner put there. The rule needs \
          `trusted-registries` in the configuration.",
    bad: "FROM evil.example/debian:12\n",
    good: "FROM docker.io/library/debian:12\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3026",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let trusted = &context.config.trusted_registries;
    if trusted.is_empty() {
        return;
    }
    for step in context.steps().filter(|step| !step.onbuild) {
        let instruction = step.instruction;
        let known = step.stage.map_or(0, |stage| stage.saturating_add(1));
        let known = context.stages.get(..known).unwrap_or_default();
        match instruction.keyword {
            Keyword::From => {
                let stage = step.stage.and_then(|stage| context.stages.get(stage));
                let Some(stage) = stage.filter(|stage| stage.parent.is_none()) else { continue };
                let image = &stage.image;
                report(
                    findings,
                    trusted,
                    &expanded(context, step, &image.text),
                    step.line,
                    image.span,
                );
            }
            Keyword::Copy | Keyword::Run => {
                for flag in &instruction.flags {
                    let from = match flag.name() {
                        "from" => flag.value().map(str::to_owned),
                        "mount" => flag.mount().and_then(|mount| mount.from),
                        _ => None,
                    };
                    let Some(from) = from else { continue };
                    if !known.iter().any(|stage| stage.is_called(&from)) {
                        report(findings, trusted, &from, step.line, flag.span);
                    }
                }
            }
            _ => {}
        }
    }
}

/// The image with the values of variables that the file itself gives; else as it is written.
fn expanded(context: &Context<'_>, step: Step<'_>, image: &str) -> String {
    let expanded = context.expand(image, step).ok();
    let known = expanded.filter(|known| known.unset.is_empty() && !known.text.is_empty());
    known.map_or_else(|| image.to_owned(), |known| known.text)
}

fn report(findings: &mut Findings<'_>, trusted: &[String], image: &str, line: u32, span: Span) {
    if image == "scratch" || image.is_empty() {
        return;
    }
    let registry = registry(image);
    if !trusted.iter().any(|pattern| is_like(registry, pattern)) {
        let message = format!(
            "Use only an allowed registry in the FROM image: {} is not one of {}",
            registry.unwrap_or("docker.io"),
            trusted.join(", ")
        );
        findings.report(line, span, message);
    }
}

/// The registry that an image names.
fn registry(image: &str) -> Option<&str> {
    let (host, _) = image.split_once('/')?;
    let is_host = host.contains(['.', ':']) || host == "localhost";
    (is_host && !host.starts_with('$')).then_some(host)
}

/// Whether a registry is one of a pattern: `*`, `*.name` or `name*`.
///
/// An image without a registry is one of Docker Hub, which has more than one name.
fn is_like(registry: Option<&str>, pattern: &str) -> bool {
    let names: &[&str] = match registry {
        None => &["docker.io", "hub.docker.com"],
        Some("index.docker.io" | "registry-1.docker.io") => &["docker.io", "index.docker.io"],
        Some(ref name) => std::slice::from_ref(name),
    };
    names.iter().any(|name| {
        let (name, pattern) = (name.to_ascii_lowercase(), pattern.to_ascii_lowercase());
        if let Some(end) = pattern.strip_prefix('*') {
            return name.ends_with(end);
        }
        pattern.strip_suffix('*').map_or(name == pattern, |start| name.starts_with(start))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_are_matched_by_name_and_wildcard() {
        let trusts = |image: &str, pattern: &str| is_like(registry(image), pattern);
        assert!(trusts("eu.gcr.io/a/b", "*.gcr.io") && !trusts("gcr.io/a/b", "*.gcr.io"));
        assert!(trusts("debian:12", "docker.io") && trusts("a/b", "hub.docker.com"));
        assert!(trusts("r.io:5000/x", "r.io:*") && !trusts("localhost:5000/x", "docker.io"));
        assert!(trusts("index.docker.io/x/y", "docker.io") && trusts("x", "*"));
    }
}

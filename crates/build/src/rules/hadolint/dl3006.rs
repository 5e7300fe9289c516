//! Base images without a tag.

use std::collections::HashSet;

use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "DL3006",
    aliases: &[],
    level: Level::Warning,
    title: "Name the release of a base image",
    why: "Without a tag the builder takes `latest`: a build of tomorrow may be another one.",
    bad: "FROM debian\n",
    good: "FROM debian:12.11-slim\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3006",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let mut earlier: HashSet<&str> = HashSet::new();
    for stage in context.stages {
        let image = &stage.image;
        let is_stage = earlier.contains(image.text.as_str());
        earlier.extend(stage.name.as_ref().map(|name| name.text.as_str()));
        if is_stage || image.text.is_empty() || has_version(&image.text) {
            continue;
        }
        let line = context.file.source.line(stage.span(context.file).start);
        let spelled = stage
            .parent
            .and_then(|parent| context.stages.get(parent)?.name.as_ref())
            .map(|name| name.text.clone());
        if let Some(spelled) = spelled {
            findings
                .report(
                    line,
                    image.span,
                    format!(
                        "Always tag the version of an image explicitly: `{}` is the stage \
                         `{spelled}` in another case",
                        image.text
                    ),
                )
                .safe_fix(format!("write {spelled}"), vec![Edit::replace(image.span, spelled)]);
            continue;
        }
        findings.report(
            line,
            image.span,
            format!(
                "Always tag the version of an image explicitly: `{}` means `{}:latest`",
                image.text, image.text
            ),
        );
    }
}

/// Whether the text has a tag or digest, or does not need one, or a variable may hold one.
fn has_version(image: &str) -> bool {
    let path = match image.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) && !host.starts_with('$') => path,
        _ => image,
    };
    path == "scratch" || path.starts_with('$') || path.contains([':', '@'])
}

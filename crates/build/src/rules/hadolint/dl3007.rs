//! The tag `latest`.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "DL3007",
    aliases: &["DS-0001", "AVD-DS-0001", "DS001", "DKL-DI-0006"],
    level: Level::Warning,
    title: "Pin the base image to a release instead of `latest`",
    why: "`latest` is whatever was pushed last: a build of tomorrow may break, and nobody can say \
          what an image of last month was built on.",
    bad: "FROM debian:latest\n",
    good: "FROM debian:12.11-slim\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3007",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for stage in context.stages.iter().filter(|stage| stage.parent.is_none()) {
        let image = &stage.image;
        if image.text.ends_with(":latest") {
            let line = context.file.source.line(image.span.start);
            findings.report(
                line,
                image.span,
                "Using latest is prone to errors if the image will ever update. Pin the version \
                 explicitly to a release tag",
            );
        }
    }
}

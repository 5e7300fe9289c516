//! Base images for another platform than the one that is asked for.

use plimsoll_model::Platform;

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "InvalidBaseImagePlatform",
    aliases: &[],
    level: Level::Warning,
    title: "Build on an image of the platform that FROM asks for",
    why: "An image that is made for one platform alone is taken whatever --platform says, and its \
          programs do not run on the other. Only an image that was read says what it is made for: \
          `--base-image` reads it.",
    bad: "FROM --platform=linux/arm64 alpine:3.20\n",
    good: "FROM --platform=linux/amd64 alpine:3.20\n",
    mending: Mending::None,
    source: "https://docs.docker.com/reference/build-checks/invalid-base-image-platform/",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for stage in context.stages.iter().filter(|stage| stage.parent.is_none()) {
        let base = context.environment.bases.get(&stage.image.text);
        let Some(made_for) = base.and_then(|base| base.platform.as_ref()) else { continue };
        // What a variable stands for, the caller of the build decides.
        let asked = stage.platform.as_deref().and_then(|text| text.parse::<Platform>().ok());
        let Some(asked) = asked.filter(|asked| !asked.architecture.contains('$')) else { continue };
        if (&asked.os, &asked.architecture) == (&made_for.os, &made_for.architecture) {
            continue;
        }
        let line = context.file.source.line(stage.span(context.file).start);
        let message = format!(
            "Base image {} was pulled with platform \"{made_for}\", expected \"{asked}\" for \
             current build",
            stage.image.text
        );
        findings.report(line, stage.image.span, message);
    }
}

//! `FROM` whose image has no valid name when no argument is given.

use plimsoll_model::ImageName;

use super::expansion::Global;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::{Expander, Keyword};

pub(super) static RULE: Rule = Rule {
    id: "InvalidDefaultArgInFrom",
    aliases: &[],
    level: Level::Warning,
    title: "Give an ARG of FROM a default with which the image has a valid name",
    why: "Without `--build-arg` the name is empty or broken, and the build fails. With a default \
          the file builds as it is.",
    bad: "ARG TAG\nFROM busybox:${TAG}\n",
    good: "ARG TAG=1.36\nFROM busybox:${TAG}\n",
    mending: Mending::None,
    source: "https://docs.docker.com/reference/build-checks/invalid-default-arg-in-from/",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for step in context.steps_of(Keyword::From).filter(|step| !step.onbuild) {
        let Some(image) = step.instruction.arguments.words().first() else { continue };
        let scope = context.scope(step);
        let expander = Expander::new(context.file.escape);
        // The builder leaves the check where a name cannot be expanded; it refuses it later.
        let Ok(name) = expander.expand(&image.text, &Global(&scope)) else { return };
        let Err(why) = name.text.parse::<ImageName>() else { continue };
        let message = if image.text.contains('$') {
            format!(
                "Default value for ARG {} results in empty or invalid base image name: {why}",
                image.text
            )
        } else {
            format!("Invalid base image name: {why}")
        };
        findings.report(step.line, image.span, message);
    }
}

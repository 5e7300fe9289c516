//! A tag can be moved to another image; a digest cannot.

use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "PL1401",
    aliases: &[],
    level: Level::Ignore,
    title: "Pin base images by digest",
    why: "Whoever owns a repository can move a tag to another image, and tags of well-known \
          actions and images were moved to malicious ones. A digest names one image for ever; a \
          bot can propose the next one. It is off unless it is given a level, and `--pin` looks \
          the digests up.",
    bad: "FROM alpine:3.20\n",
    good: "FROM alpine:3.20@sha256:\
           beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d\n",
    mending: Mending::None,
    source: "https://docs.docker.com/build/building/best-practices/#pin-base-image-versions",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for stage in context.stages.iter().filter(|stage| stage.parent.is_none()) {
        let image = &stage.image;
        if stage.is_scratch() || image.text.contains('@') || image.text.is_empty() {
            continue;
        }
        let line = context.file.source.line(stage.span(context.file).start);
        let message = format!("pin \"{}\" by its digest: a tag can be moved", image.text);
        let reported = findings.report(line, image.span, message);
        if let Some(digest) = context.environment.digests.get(&image.text) {
            let pinned = Edit::insert(image.span.end, format!("@{digest}"));
            reported.safe_fix("pin the image that the tag names today", vec![pinned]);
        }
    }
}

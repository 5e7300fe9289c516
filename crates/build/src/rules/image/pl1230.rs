//! Tags that move on, other than `latest`.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Expander;

pub(super) static RULE: Rule = Rule {
    id: "PL1230",
    aliases: &[],
    level: Level::Info,
    title: "Pin the base image to a release instead of a tag that moves on",
    why: "`stable`, `lts`, `edge` and their kin are as `latest`: another release tomorrow, with \
          other programs and other mistakes, and nobody can say what an image of last month was \
          built on.",
    bad: "FROM node:lts-alpine\n",
    good: "FROM node:24-alpine3.22\n",
    mending: Mending::None,
    source: "https://docs.docker.com/build/building/best-practices/#pin-base-image-versions",
    check,
};

const MOVING: [&str; 20] = [
    "stable",
    "oldstable",
    "testing",
    "unstable",
    "sid",
    "edge",
    "lts",
    "nightly",
    "current",
    "mainline",
    "rolling",
    "rawhide",
    "master",
    "main",
    "canary",
    "beta",
    "alpha",
    "dev",
    "devel",
    "next",
];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for stage in context.stages.iter().filter(|stage| stage.parent.is_none()) {
        let scope = context.scopes.at(None, stage.from);
        let expanded = Expander::new(context.file.escape).expand(&stage.image.text, &scope);
        let Ok(image) = expanded.map(|done| done.text) else { continue };
        let last = image.rsplit('/').next().unwrap_or(&image);
        let Some((_, tag)) = last.split_once(':').filter(|_| !image.contains('@')) else {
            continue;
        };
        // A number is a release or a day: `stable-20250811`, `3.14-rc`.
        let moves = tag
            .split(['-', '_'])
            .next()
            .is_some_and(|word| MOVING.contains(&word.to_ascii_lowercase().as_str()));
        let dated = tag
            .split(['-', '_'])
            .skip(1)
            .any(|word| word.starts_with(|one: char| one.is_ascii_digit()) && word.len() > 1);
        if moves && !dated {
            let line = context.file.source.line(stage.image.span.start);
            let message = format!("`{tag}` moves on to other releases: name one");
            findings.report(line, stage.image.span, message);
        }
    }
}

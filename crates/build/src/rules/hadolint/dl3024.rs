//! Two stages of one name.

use crate::Span;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use std::collections::HashMap;

pub(super) static RULE: Rule = Rule {
    id: "DL3024",
    aliases: &["DS-0012", "AVD-DS-0012", "DS012", "DuplicateStageName"],
    level: Level::Error,
    title: "Give each stage a name of its own",
    why: "With two stages of one name, `--from` and `--target` mean the last of them, and a \
          reader may mean the other. Case makes no difference.",
    bad: "FROM golang:1.24 AS build\nFROM node:22 AS build\n",
    good: "FROM golang:1.24 AS build\nFROM node:22 AS web\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3024",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let mut seen: HashMap<String, Span> = HashMap::new();
    for stage in context.stages {
        let Some(name) = &stage.name else { continue };
        if let Some(first) = seen.get(&name.text.to_lowercase()) {
            let line = context.file.source.line(stage.span(context.file).start);
            findings
                .report(
                    line,
                    name.span,
                    format!("FROM aliases (stage names) must be unique: {}", name.text),
                )
                .related(*first, "the first stage of that name");
        } else {
            seen.insert(name.text.to_lowercase(), name.span);
        }
    }
}

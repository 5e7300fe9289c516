//! Labels that are missing.

use super::quotes::bare;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;
use std::collections::{HashMap, HashSet};

pub(super) static RULE: Rule = Rule {
    id: "DL3049",
    aliases: &[],
    level: Level::Info,
    title: "Give each image the labels that the project asks for",
    why: "Labels tell who is responsible, what source an image is made of, under which \
          licence. Which must be there is said by `label-schema` in the configuration.",
    bad: "FROM alpine:3.20\nLABEL name=app\n",
    good: "FROM alpine:3.20\nLABEL name=app url=https://example.com created=2027-01-31T00:00:00Z licenses=MIT revision=2dbfae9 version=1.0.0 mail=a@example.com\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3049",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    if context.config.label_schema.is_empty() {
        return;
    }
    let used = used_by_others(context);
    let mut labels: Vec<HashSet<&str>> = Vec::with_capacity(context.stages.len());
    for stage in context.stages {
        let own = context.file.instructions.get(stage.instructions.clone()).unwrap_or_default();
        let own = own.iter().filter(|one| one.keyword == Keyword::Label);
        let names = own.flat_map(|one| one.arguments.pairs()).map(|pair| bare(&pair.key.text));
        let mut all: HashSet<&str> =
            names.filter(|name| context.config.label_schema.contains_key(*name)).collect();
        if let Some(inherited) = stage.parent.and_then(|parent| labels.get(parent)) {
            all.extend(inherited);
        }
        labels.push(all);
    }
    let completed = completed(context, &labels);
    for (stage, has) in context.stages.iter().zip(&labels) {
        for name in context.config.label_schema.keys() {
            let needless =
                used.contains(&stage.index) || completed.contains(&(stage.index, name.as_str()));
            if needless || has.contains(name.as_str()) {
                continue;
            }
            let line = context.file.source.line(stage.span(context.file).start);
            findings.report(line, stage.image.span, format!("Label `{name}` is missing"));
        }
    }
}

/// The stages that others copy from: they are no images of their own.
fn used_by_others(context: &Context<'_>) -> HashSet<usize> {
    let named = context
        .stages
        .iter()
        .filter_map(|stage| stage.name.as_ref().map(|name| (name.text.as_str(), stage.index)));
    let named: HashMap<&str, usize> = named.collect();
    let copies = context.steps_of(Keyword::Copy).filter(|step| !step.onbuild);
    copies.filter_map(|step| named.get(step.instruction.flag_value("from")?).copied()).collect()
}

/// The stages, each with a label, that a stage without a name is built on and completes.
fn completed<'a>(context: &Context<'a>, labels: &[HashSet<&'a str>]) -> HashSet<(usize, &'a str)> {
    let nameless = context.stages.iter().filter(|stage| stage.name.is_none());
    nameless
        .filter_map(|stage| Some((stage.parent?, labels.get(stage.index)?)))
        .flat_map(|(parent, names)| names.iter().map(move |name| (parent, *name)))
        .collect()
}

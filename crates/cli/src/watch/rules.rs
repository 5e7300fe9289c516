//! Which rules are judged.

use std::path::{Path, PathBuf};

use anyhow::Context;
use plimsoll_outputs::Settings;
use plimsoll_runtime::fields::Source;
use plimsoll_runtime::loader::{Options, Rule};

use super::{Plan, Wanted, priority};
use crate::commands::rules::files::{DEFAULT, Loaded};
use crate::exit::Usage;

/// Loads the rule files; what keeps them from loading is told.
pub(super) fn load(plan: &Plan, settings: &Settings) -> anyhow::Result<Loaded> {
    let named = if plan.rules.is_empty() { &settings.rules_files } else { &plan.rules };
    let mut files = Vec::new();
    // A log is none of their business, so that they are asked for where something is read.
    if named.is_empty() && plan.image.is_none() && plan.loaded.is_none() && plan.captures.is_empty()
    {
        files.push(PathBuf::from(DEFAULT));
    }
    for path in named {
        // Of the files that settings name not all have to be there, as in Falco.
        if plan.rules.is_empty() && !path.exists() {
            continue;
        }
        files.extend(of_folder(path).with_context(|| format!("cannot read `{}`", path.display()))?);
    }
    if files.is_empty() && plan.image.is_none() && plan.loaded.is_none() {
        let why =
            "no rules: name a file with --rules, or `default` for Plimsoll's own on system calls";
        return Err(Usage(why.to_owned()).into());
    }
    let options = Options { added: settings.added_outputs(), sources: Source::ALL.to_vec() };
    let loaded = Loaded::read(&files, options)?;
    if !loaded.is_good() {
        loaded.tell_errors();
        return Err(Usage("the rules do not load".to_owned()).into());
    }
    Ok(loaded)
}

/// The path, or the files of a folder in the order of their names.
pub(super) fn of_folder(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if path == Path::new(DEFAULT) || !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let path = entry?.path();
        let is_rules = path.extension().is_some_and(|it| it == "yaml" || it == "yml");
        if is_rules && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The rules that are on, in their order.
pub(super) fn chosen<'l>(
    loaded: &'l Loaded,
    wanted: &Wanted,
    settings: &Settings,
) -> Result<Vec<&'l Rule>, Usage> {
    let least = priority(wanted.min_priority.as_deref().unwrap_or(&settings.priority))?;
    let rules = &loaded.loader.definitions().rules;
    let is_chosen = |rule: &&Rule| {
        let tagged = |tags: &[String]| tags.iter().any(|tag| rule.tags.contains(tag));
        rule.priority <= least
            && settings.is_on(rule)
            && (wanted.tags.is_empty() || tagged(&wanted.tags))
            && !tagged(&wanted.no_tags)
            && !wanted.disabled.iter().any(|text| rule.name.contains(text.as_str()))
    };
    Ok(rules.iter().filter(is_chosen).collect())
}

//! `plimsoll rules explain`: what a rule really asks.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use plimsoll_runtime::explain::{fields, outline};
use plimsoll_runtime::loader::Rule;

use super::filed::costs;
use super::files::{Loaded, every_source, or_default};
use crate::exit::{Outcome, Usage};

/// Show a rule with its lists, macros and exceptions in place
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll rules explain 'Reverse shell'
  plimsoll rules explain 'Terminal shell in container' falco_rules.yaml

Exit codes: 0 shown, 1 a file does not load, 2 there is no such rule, 3 a file cannot be read.")]
pub(crate) struct Explain {
    /// The name of the rule
    #[arg(value_name = "RULE")]
    rule: String,

    /// Rule files, in the order of loading; `default` is Plimsoll's own rules, as is no file
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Explain {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let loaded = Loaded::read(&or_default(self.files), every_source())?;
        loaded.tell_errors();
        let rules = &loaded.loader.definitions().rules;
        let found = rules
            .iter()
            .find(|rule| rule.name == self.rule)
            .or_else(|| rules.iter().find(|rule| rule.name.eq_ignore_ascii_case(&self.rule)));
        let Some(rule) = found else {
            if !loaded.is_good() {
                return Ok(Outcome::Gate(1));
            }
            let hint = "`plimsoll rules list` names them";
            return Err(Usage(format!("there is no rule `{}`: {hint}", self.rule)).into());
        };
        let mut out = BufWriter::new(io::stdout().lock());
        page(rule, &loaded, &mut out)?;
        out.flush()?;
        Ok(if loaded.is_good() { Outcome::Clean } else { Outcome::Gate(1) })
    }
}

fn page(rule: &Rule, loaded: &Loaded, out: &mut dyn Write) -> io::Result<()> {
    let state = if rule.enabled { "" } else { ", off by default" };
    writeln!(out, "{} ({}, {}{state})", rule.name, rule.priority, rule.source.name())?;
    if let Some((name, source)) = loaded.loader.file(rule.place.file) {
        writeln!(out, "{name}:{}", source.line(rule.place.offset))?;
    }
    writeln!(out, "\n{}", rule.description.trim())?;
    writeln!(out, "\nCondition, with lists, macros and exceptions in place:")?;
    for line in outline(&rule.condition) {
        writeln!(out, "  {line}")?;
    }
    let events = match &rule.event_types {
        None => "all: the rule is judged on every event".to_owned(),
        Some(types) if types.is_empty() => "none: the rule never fires".to_owned(),
        Some(types) => types.join(", "),
    };
    let or_none = |text: String| if text.is_empty() { "none".to_owned() } else { text };
    let mut macros: Vec<&str> = rule.macros.iter().map(String::as_str).collect();
    macros.sort_unstable();
    macros.dedup();
    let tags: Vec<&str> = rule.tags.iter().map(String::as_str).collect();
    let fields: Vec<String> = fields(&rule.condition).into_iter().collect();
    writeln!(out, "\nEvents  {events}")?;
    for (title, text) in costs(rule, loaded) {
        writeln!(out, "{title:<6}  {text}")?;
    }
    writeln!(out, "Fields  {}", or_none(fields.join(", ")))?;
    writeln!(out, "Macros  {}", or_none(macros.join(", ")))?;
    writeln!(out, "Tags    {}", or_none(tags.join(", ")))?;
    writeln!(out, "Output  {}", rule.output.trim())
}

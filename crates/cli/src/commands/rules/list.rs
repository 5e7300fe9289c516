//! `plimsoll rules list`: the rules that files make.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use plimsoll_runtime::loader::Rule;

use super::files::{Loaded, every_source, or_default};
use crate::exit::Outcome;

/// List the rules of rule files
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll rules list
  plimsoll rules list default my_rules.yaml
  plimsoll rules list falco_rules.yaml my_rules.yaml
  plimsoll rules list -o json falco_rules.yaml

Exit codes: 0 listed, 1 a file does not load, 3 a file cannot be read.")]
pub(crate) struct List {
    /// Rule files, in the order of loading; `default` is Plimsoll's own rules, as is no file
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    /// How to print them
    #[arg(short = 'o', long = "output", value_enum, default_value = "table")]
    output: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// A line each
    Table,
    /// In the shape of Falco's rule description, with the compiled condition
    Json,
}

impl List {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let loaded = Loaded::read(&or_default(self.files), every_source())?;
        loaded.tell_errors();
        let rules = &loaded.loader.definitions().rules;
        let mut out = BufWriter::new(io::stdout().lock());
        match self.output {
            Form::Json => {
                let rules: Vec<_> = rules.iter().map(Rule::describe).collect();
                serde_json::to_writer_pretty(&mut out, &serde_json::json!({ "rules": rules }))?;
                writeln!(out)?;
            }
            Form::Table => {
                for rule in rules {
                    let state = if rule.enabled { "on " } else { "off" };
                    let (priority, source) = (rule.priority.name(), rule.source.name());
                    writeln!(out, "{state}  {priority:<13}  {source:<9}  {}", rule.name)?;
                }
            }
        }
        out.flush()?;
        Ok(if loaded.is_good() { Outcome::Clean } else { Outcome::Gate(1) })
    }
}

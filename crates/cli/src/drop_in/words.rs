//! A command of our own by its words: what a tool's flags come to, where they come to one of ours.

use clap::Parser;

use crate::commands::Command;
use crate::exit::{Outcome, Usage};

#[derive(Debug, Parser)]
#[command(name = "plimsoll")]
struct Own {
    #[command(subcommand)]
    command: Command,
}

/// The words of a command of our own.
#[derive(Debug)]
pub(super) struct Words(Vec<String>);

impl Words {
    /// Begins with the names of the command.
    pub(super) fn of(names: &[&str]) -> Self {
        Self(std::iter::once("plimsoll").chain(names.iter().copied()).map(str::to_owned).collect())
    }

    /// Adds `--flag=value` where there is a value.
    pub(super) fn option(&mut self, flag: &str, value: Option<&str>) -> &mut Self {
        self.0.extend(value.map(|value| format!("{flag}={value}")));
        self
    }

    /// Adds `--flag=value` for each.
    pub(super) fn options<'v>(
        &mut self,
        flag: &str,
        values: impl IntoIterator<Item = &'v String>,
    ) -> &mut Self {
        self.0.extend(values.into_iter().map(|value| format!("{flag}={value}")));
        self
    }

    /// Adds a switch where it is on.
    pub(super) fn switch(&mut self, flag: &str, on: bool) -> &mut Self {
        self.0.extend(on.then(|| flag.to_owned()));
        self
    }

    /// Adds what stands behind the flags.
    pub(super) fn last<'v>(&mut self, values: impl IntoIterator<Item = &'v String>) -> &mut Self {
        self.0.push("--".to_owned());
        self.0.extend(values.into_iter().cloned());
        self
    }

    /// Runs the command in this process.
    pub(super) fn run(&self) -> anyhow::Result<Outcome> {
        let own = Own::try_parse_from(&self.0).map_err(|error| {
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default();
            Usage(line.strip_prefix("error: ").unwrap_or(line).to_owned())
        })?;
        own.command.run()
    }
}

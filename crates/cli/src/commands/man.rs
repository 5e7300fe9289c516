//! `plimsoll man`: the manual's pages, one a command.

use std::path::PathBuf;

use anyhow::Context;
use clap::CommandFactory;

use crate::exit::Outcome;
use crate::output;

/// Write the manual's pages, one a command
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll man | man -l -
  plimsoll man /usr/share/man/man1

Exit codes: 0 written, 2 wrong usage, 3 failed.")]
pub(crate) struct Man {
    /// Folder for the pages of all commands; without it the program's own page is printed
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

impl Man {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        // There is no page of `help`, so no page names it.
        let command = crate::Cli::command().disable_help_subcommand(true);
        match &self.folder {
            None => output::write(None, |out| clap_mangen::Man::new(command).render(out))?,
            Some(folder) => clap_mangen::generate_to(command, folder)
                .with_context(|| format!("cannot write pages into `{}`", folder.display()))?,
        }
        Ok(Outcome::Clean)
    }
}

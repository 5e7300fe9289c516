//! `plimsoll provenance`: where an artefact comes from, and whether it comes again.

mod checkout;
mod generate;
mod judged;
mod package;
mod rebuild;
mod summary;
mod verify;

use clap::Subcommand;

use crate::exit::Outcome;

/// Say where an artefact comes from, check it, and build it again
#[derive(Debug, clap::Args)]
pub(crate) struct Provenance {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Generate(Box<generate::Generate>),
    Rebuild(rebuild::Rebuild),
    Verify(Box<verify::Verify>),
    Summary(summary::Summary),
}

impl Provenance {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        match self.command {
            Command::Generate(command) => command.run(),
            Command::Rebuild(command) => command.run(),
            Command::Verify(command) => command.run(),
            Command::Summary(command) => command.run(),
        }
    }
}

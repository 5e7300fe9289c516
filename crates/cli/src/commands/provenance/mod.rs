//! `plimsoll provenance`: where an artefact comes from.

mod summary;
mod verify;

use clap::Subcommand;

use crate::exit::Outcome;

/// Check where an artefact comes from
#[derive(Debug, clap::Args)]
pub(crate) struct Provenance {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Verify(verify::Verify),
    Summary(summary::Summary),
}

impl Provenance {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        match self.command {
            Command::Verify(command) => command.run(),
            Command::Summary(command) => command.run(),
        }
    }
}

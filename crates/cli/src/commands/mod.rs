//! Every command there is, one file each.

mod db;
mod sbom;

use clap::Subcommand;

use crate::exit::Outcome;

/// The registry of commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Db(db::Db),
    Sbom(sbom::Sbom),
}

impl Command {
    /// Runs the command.
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        match self {
            Self::Db(command) => command.run(),
            Self::Sbom(command) => command.run(),
        }
    }
}

//! Every command there is, one file each.

mod explain;
mod sbom;
mod scan;

use clap::Subcommand;

use crate::exit::Outcome;

/// The registry of commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Explain(explain::Explain),
    Sbom(sbom::Sbom),
    Scan(scan::ScanCommand),
}

impl Command {
    /// Runs the command.
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        match self {
            Self::Explain(command) => command.run(),
            Self::Sbom(command) => command.run(),
            Self::Scan(command) => command.run(),
        }
    }
}

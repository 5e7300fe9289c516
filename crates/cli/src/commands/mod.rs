//! Every command there is, one file each.

mod base;
mod db;
mod explain;
mod lint;
mod sbom;
mod scan;

use clap::Subcommand;

use crate::exit::Outcome;

/// The registry of commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Base(base::BaseCommand),
    Db(db::Db),
    Explain(explain::Explain),
    Lint(Box<lint::Lint>),
    Sbom(sbom::Sbom),
    Scan(scan::ScanCommand),
}

impl Command {
    /// Runs the command.
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        match self {
            Self::Base(command) => command.run(),
            Self::Db(command) => command.run(),
            Self::Explain(command) => command.run(),
            Self::Lint(command) => command.run(),
            Self::Sbom(command) => command.run(),
            Self::Scan(command) => command.run(),
        }
    }
}

//! Every command there is, one file each.

mod base;
mod db;
mod explain;
mod kube;
mod lint;
mod lsp;
mod provenance;
mod sbom;
mod scan;
mod verify;

use clap::Subcommand;

use crate::exit::Outcome;

/// The registry of commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Base(base::BaseCommand),
    Db(db::Db),
    Explain(explain::Explain),
    #[command(subcommand)]
    Kube(kube::Kube),
    Lint(Box<lint::Lint>),
    Lsp(lsp::Lsp),
    Provenance(provenance::Provenance),
    Sbom(sbom::Sbom),
    Scan(scan::ScanCommand),
    Verify(verify::Verify),
}

impl Command {
    /// Runs the command.
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        match self {
            Self::Base(command) => command.run(),
            Self::Db(command) => command.run(),
            Self::Explain(command) => command.run(),
            Self::Kube(command) => command.run(),
            Self::Lint(command) => command.run(),
            Self::Lsp(command) => command.run(),
            Self::Provenance(command) => command.run(),
            Self::Sbom(command) => command.run(),
            Self::Scan(command) => command.run(),
            Self::Verify(command) => command.run(),
        }
    }
}

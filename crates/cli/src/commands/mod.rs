//! Every command there is, one file each.

mod as_tool;
mod attest;
mod base;
mod completions;
mod db;
mod download;
mod explain;
mod gate;
mod init;
mod key;
mod kube;
pub(crate) mod lint;
mod lsp;
mod man;
mod profile;
mod provenance;
pub(crate) mod rules;
mod sbom;
pub(crate) mod scan;
mod serve;
mod sign;
mod trust;
mod tui;
mod update;
pub(crate) mod verify;
mod watch;

use clap::Subcommand;

use crate::exit::Outcome;

/// The registry of commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    As(as_tool::As),
    Attest(Box<attest::Attest>),
    Base(base::BaseCommand),
    Completions(completions::Completions),
    Db(db::Db),
    Download(download::Download),
    Explain(explain::Explain),
    Gate(Box<gate::Gate>),
    Init(init::Init),
    #[command(subcommand)]
    Kube(kube::Kube),
    Key(key::Key),
    Lint(Box<lint::Lint>),
    Lsp(lsp::Lsp),
    Man(man::Man),
    Profile(profile::Profile),
    Provenance(provenance::Provenance),
    #[command(subcommand)]
    Rules(rules::Rules),
    Sbom(sbom::Sbom),
    Scan(scan::ScanCommand),
    Serve(Box<serve::Serve>),
    Sign(Box<sign::Sign>),
    Trust(trust::Trust),
    Tui(tui::Tui),
    Update(Box<update::Update>),
    Verify(Box<verify::Verify>),
    Watch(Box<watch::Watch>),
}

impl Command {
    /// Runs the command.
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        match self {
            Self::As(command) => command.run(),
            Self::Attest(command) => command.run(),
            Self::Base(command) => command.run(),
            Self::Completions(command) => command.run(),
            Self::Db(command) => command.run(),
            Self::Download(command) => command.run(),
            Self::Explain(command) => command.run(),
            Self::Gate(command) => command.run(),
            Self::Init(command) => command.run(),
            Self::Kube(command) => command.run(),
            Self::Key(command) => command.run(),
            Self::Lint(command) => command.run(),
            Self::Lsp(command) => command.run(),
            Self::Man(command) => command.run(),
            Self::Profile(command) => command.run(),
            Self::Provenance(command) => command.run(),
            Self::Rules(command) => command.run(),
            Self::Sbom(command) => command.run(),
            Self::Scan(command) => command.run(),
            Self::Serve(command) => command.run(),
            Self::Sign(command) => command.run(),
            Self::Trust(command) => command.run(),
            Self::Tui(command) => command.run(),
            Self::Update(command) => command.run(),
            Self::Verify(command) => command.run(),
            Self::Watch(command) => command.run(),
        }
    }
}

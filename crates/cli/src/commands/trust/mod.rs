//! `plimsoll trust`: whom verification trusts, and how that is renewed.

mod init;
mod status;
mod update;

use clap::Subcommand;

use crate::exit::Outcome;

/// Renew the authorities, logs and keys that verification trusts, by TUF
///
/// Without this command the roots that are built in count, and nothing is ever fetched.
#[derive(Debug, clap::Args)]
pub(crate) struct Trust {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Update(update::Update),
    Status(status::Status),
    Init(init::Init),
}

impl Trust {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        match self.command {
            Command::Update(command) => command.run(),
            Command::Status(command) => command.run(),
            Command::Init(command) => command.run(),
        }
    }
}

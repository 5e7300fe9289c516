//! `plimsoll rules`: Falco's rule files.

mod check;
mod explain;
pub(crate) mod files;
mod list;
mod test;

use crate::exit::Outcome;

/// Check, explain and test Falco's rule files
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Rules {
    Check(check::Check),
    Explain(explain::Explain),
    List(list::List),
    Test(test::Test),
}

impl Rules {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        match self {
            Self::Check(command) => command.run(),
            Self::Explain(command) => command.run(),
            Self::List(command) => command.run(),
            Self::Test(command) => command.run(),
        }
    }
}

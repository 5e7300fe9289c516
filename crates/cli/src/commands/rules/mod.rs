//! `plimsoll rules`: Falco's rule files.

mod bench;
mod check;
mod explain;
mod fields;
mod filed;
pub(crate) mod files;
mod fmt;
mod list;
mod test;

use crate::exit::Outcome;

/// Check, explain, format, test and measure Falco's rule files
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Rules {
    Bench(bench::Bench),
    Check(check::Check),
    Explain(explain::Explain),
    Fields(fields::Fields),
    Fmt(fmt::Fmt),
    List(list::List),
    Test(test::Test),
}

impl Rules {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        match self {
            Self::Bench(command) => command.run(),
            Self::Check(command) => command.run(),
            Self::Explain(command) => command.run(),
            Self::Fields(command) => command.run(),
            Self::Fmt(command) => command.run(),
            Self::List(command) => command.run(),
            Self::Test(command) => command.run(),
        }
    }
}

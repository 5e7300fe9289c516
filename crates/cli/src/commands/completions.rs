//! `plimsoll completions`: what a shell completes commands and flags from.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::exit::Outcome;
use crate::output;

/// Print what a shell completes commands and flags from
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll completions bash > /usr/share/bash-completion/completions/plimsoll
  plimsoll completions zsh > ~/.zfunc/_plimsoll
  plimsoll completions fish > ~/.config/fish/completions/plimsoll.fish

Exit codes: 0 printed, 2 wrong usage.")]
pub(crate) struct Completions {
    /// Which shell
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut crate::Cli::command(), "plimsoll", &mut script);
        output::write(None, |out| out.write_all(&script))?;
        Ok(Outcome::Clean)
    }
}

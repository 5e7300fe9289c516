//! `plimsoll lsp`: what `plimsoll lint` says, in an editor, while the file is written.

use std::io;
use std::path::{Path, PathBuf};

use plimsoll_lsp::{Ending, LintGround, Project, serve};

use super::lint::ground;
use crate::exit::{Outcome, chain};

/// Speak the Language Server Protocol on stdin and stdout, for editors
#[derive(Debug, clap::Args)]
#[command(after_help = "An editor starts it; docs/lsp.md has the settings of the usual ones.

For each file the nearest `.hadolint.yaml`, or `plimsoll.toml` with the table [lint], is read; and
read anew when one changes.

Exit codes: 0 after `shutdown` and `exit`, 1 where the client leaves without them.")]
pub(crate) struct Lsp {
    /// Use this configuration for every file
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Accepted because editors pass it; there is no other way
    #[arg(long, hide = true)]
    stdio: bool,
}

impl Lsp {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let Self { config: named, stdio: _ } = self;
        let lint = move |path: Option<&Path>| {
            let (config, environment) = ground(named.as_deref(), path);
            LintGround { config: config.map_err(|error| chain(&error)), environment }
        };
        let project = Project { lint: Box::new(lint) };
        Ok(match serve(io::stdin(), io::stdout().lock(), project)? {
            Ending::Orderly => Outcome::Clean,
            Ending::Abrupt => Outcome::Gate(1),
        })
    }
}

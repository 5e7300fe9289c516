//! `plimsoll trust init`: trust another deployment than Sigstore's public one.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;

use super::update::print;
use crate::clock;
use crate::exit::Outcome;
use crate::trust::Kept;

/// Trust a deployment of one's own from now on, beginning at its root
///
/// The root must come by a way that is trusted: everything later is judged by it. It takes the
/// place of Sigstore's public instance; removing the folder that `trust status` names undoes it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll trust init --root root.json --mirror https://tuf.example.com

Exit codes: 0 done, 2 wrong usage, 3 the root or the repository does not hold.")]
pub(super) struct Init {
    /// The root to begin with, as TUF writes it
    #[arg(long, value_name = "FILE")]
    root: PathBuf,

    /// URL or folder of the repository
    #[arg(long, value_name = "URL|DIR")]
    mirror: String,
}

impl Init {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let shown = self.root.display().to_string();
        let root = fs::read(&self.root).with_context(|| format!("cannot read `{shown}`"))?;
        let updated = Kept::initialise("sigstore", &root, &self.mirror, clock::now())
            .with_context(|| format!("`{shown}` with `{}`", self.mirror))?;
        print(&self.mirror, &updated)?;
        Ok(Outcome::Clean)
    }
}

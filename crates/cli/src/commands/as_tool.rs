//! `plimsoll as`: another program's command line.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::drop_in;
use crate::exit::{Outcome, Usage};
use crate::output;

/// Understand another tool's command line, with its flags, layouts and exit codes
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll as trivy image --severity HIGH,CRITICAL --exit-code 1 nginx:latest
  plimsoll as hadolint -f json Dockerfile
  plimsoll as --install ~/.local/bin     # links trivy, hadolint, syft … to this program
  plimsoll as --install ci/bin trivy syft
  plimsoll as --coverage                 # which of their flags are the same here, near, or not

A link of a tool's name to this program does the same.

Exit codes: those of the tool; with --install 0 done, 2 wrong usage, 3 failed.")]
pub(crate) struct As {
    /// Make links in this folder by which this program is called as the tools named, else as all
    #[arg(long, value_name = "DIR", conflicts_with = "coverage")]
    install: Option<PathBuf>,

    /// Print which commands and flags of each tool are understood, in Markdown
    #[arg(long)]
    coverage: bool,

    /// The tool, and what would stand behind its name
    #[arg(
        value_name = "TOOL [ARGS]",
        trailing_var_arg = true,
        allow_hyphen_values = true,
        required_unless_present_any = ["install", "coverage"]
    )]
    words: Vec<OsString>,
}

impl As {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        if let Some(folder) = &self.install {
            let names: Vec<String> =
                self.words.iter().map(|name| name.to_string_lossy().into_owned()).collect();
            drop_in::install(folder, &names)?;
            return Ok(Outcome::Clean);
        }
        if self.coverage {
            output::write(None, |out| drop_in::print_coverage(out))?;
            return Ok(Outcome::Clean);
        }
        let mut words = self.words.into_iter();
        let name = words.next().unwrap_or_default();
        let name = name.to_string_lossy();
        let tool = drop_in::named(&name).ok_or_else(|| Usage(drop_in::unknown(&name)))?;
        Ok(Outcome::of_code(drop_in::run(tool, words.collect())))
    }
}

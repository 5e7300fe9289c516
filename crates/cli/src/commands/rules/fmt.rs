//! `plimsoll rules fmt`: rule files in one form.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use plimsoll_model::text::Source;
use plimsoll_runtime::format;

use crate::commands::lint::files::read;
use crate::exit::{Outcome, Usage, tell};
use crate::output;

/// Bring rule files into one form
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll rules fmt my_rules.yaml
  plimsoll rules fmt --check falco_rules.yaml my_rules.yaml
  plimsoll rules fmt - < my_rules.yaml

Definitions begin at the margin with a blank line between them, their keys stand in the usual order;
trailing blanks and other line ends go. Comments stay with what they are above. What a file says is
the same before and after; a part in which it would not be stays as it is.

Exit codes: 0 all files are in this form now (with --check: were), 1 with --check one is not, 2 a
file is no YAML, 3 a file cannot be read or written.")]
pub(crate) struct Fmt {
    /// Rule files, `-` for standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Write nothing; show the differences
    #[arg(long)]
    check: bool,
}

impl Fmt {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome::Clean;
        for path in &self.files {
            let shown = path.display();
            let bytes = read(path).with_context(|| format!("cannot read `{shown}`"))?;
            let before = String::from_utf8(bytes).map_err(|error| {
                let line = Source::from_bytes(error.into_bytes()).not_utf8().unwrap_or_default();
                Usage(format!("`{shown}` is no UTF-8 text, see line {line}"))
            })?;
            let after =
                format::format(&before).map_err(|error| Usage(format!("`{shown}`: {error}")))?;
            if self.check {
                if after != before {
                    let text = similar::TextDiff::from_lines(&before, &after);
                    let header = (format!("a/{shown}"), format!("b/{shown}"));
                    let text = text.unified_diff().header(&header.0, &header.1).to_string();
                    output::stdout().write_all(text.as_bytes())?;
                    outcome = Outcome::Gate(1);
                }
            } else if path == Path::new("-") {
                output::stdout().write_all(after.as_bytes())?;
            } else if after != before {
                output::anew(path, &after).with_context(|| format!("cannot write `{shown}`"))?;
                tell(&format!("{shown}: formatted"));
            }
        }
        Ok(outcome)
    }
}

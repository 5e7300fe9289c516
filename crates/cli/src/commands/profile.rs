//! `plimsoll profile`: the least privileges that an observed run needs.

use std::path::PathBuf;

use crate::exit::Outcome;
use crate::watch::profile;

/// Make a seccomp profile and more of what a capture shows, proven on that capture
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll profile trace.scap --where 'container.name = web' --dir web/
  plimsoll profile trace.scap --where 'proc.name = nginx' --kind seccomp > seccomp.json
  plimsoll profile trace.scap --name web --kind seccomp --kind falco --dir web/ -o json

Each document permits what happened and nothing else: it is read back as it was written, every event of
the capture is judged by it, and each of its grants has to be one without which something would have been
denied. A capture has the calls that were recorded: record all of them, over all that the program does.

Exit codes: 0 every document is proven, 2 wrong usage, 3 a document is not, or the capture is damaged.")]
pub(crate) struct Profile {
    /// A capture of system calls: .scap, plain or with gzip or zstd
    #[arg(value_name = "CAPTURE")]
    capture: PathBuf,

    /// Whose events count, as a condition in Falco's language
    #[arg(long = "where", value_name = "CONDITION")]
    condition: Option<String>,

    /// What the documents are named after
    #[arg(long, default_value = "observed")]
    name: String,

    /// Only documents of this kind
    #[arg(long = "kind", value_name = "KIND", value_parser = profile::kinds())]
    kinds: Vec<String>,

    /// Where to write the documents; without it one --kind goes to standard output
    #[arg(long, short = 'd', value_name = "FOLDER")]
    dir: Option<PathBuf>,

    /// How to tell what was written and proven
    #[arg(short = 'o', long = "output", value_enum, default_value = "text")]
    output: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// A line a document
    Text,
    /// The same as an object
    Json,
}

impl Profile {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        profile::run(&profile::Plan {
            capture: self.capture,
            condition: self.condition,
            name: self.name,
            kinds: self.kinds,
            folder: self.dir,
            json: self.output == Form::Json,
        })
    }
}

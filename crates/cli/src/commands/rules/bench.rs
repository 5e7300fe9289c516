//! `plimsoll rules bench`: what rules cost.

use std::path::PathBuf;

use crate::exit::Outcome;
use crate::watch::bench;

/// Tell what each rule costs on recorded events
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll rules bench falco_rules.yaml my_rules.yaml --replay trace.scap
  plimsoll rules bench k8s_audit_rules.yaml --replay audit.log -o json

Every event is judged by each rule alone and by all of them together, several times over; reading the
capture is not counted. What rules have in common is done once where they are together.

Exit codes: 0 measured, 1 a rule file does not load, 2 wrong usage, 3 a file cannot be read or has no
events.")]
pub(crate) struct Bench {
    /// Rule files, in the order of loading
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Captures and logs, `-` for standard input
    #[arg(long, short = 'e', value_name = "CAPTURE", required = true, num_args = 1..)]
    replay: Vec<PathBuf>,

    /// After how many events to end
    #[arg(long, value_name = "NUMBER", default_value_t = 100_000)]
    max_events: u64,

    /// How to print it
    #[arg(short = 'o', long = "output", value_enum, default_value = "table")]
    output: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// The dearest first
    Table,
    /// The same as an object
    Json,
}

impl Bench {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        bench::run(&bench::Plan {
            rules: self.files,
            captures: self.replay,
            max_events: self.max_events,
            json: self.output == Form::Json,
        })
    }
}

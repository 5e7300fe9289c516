//! `plimsoll rules test`: rules against events whose alerts are known.

use std::path::PathBuf;

use crate::exit::Outcome;
use crate::watch::trial;

/// Judge recorded events and compare the alerts with those that are expected
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll rules test cases.yaml --rules my_rules.yaml
  plimsoll rules test cases.yaml --rules my_rules.yaml --require-coverage --coverage

A file of cases, whose paths are relative to it:
  - case: a person reads secrets
    replay: [audit/get-secret.json]
    expect: {Secret read: 1, Anybody: 0}
  - case: nobody does anything
    events: []
    expect: {}
  - case: the event stands here
    events:
      - {kind: Event, auditID: '1', verb: get, stageTimestamp: '2024-05-01T10:20:01Z'}
    expect: {Anybody: 1}
  - case: a system call, by the fields that the rules ask for
    events:
      - {evt.type: openat, evt.is_open_read: true, fd.name: /etc/shadow, proc.name: cat}
    expect: {Read sensitive file: 1}

`events` may be those of any log that `plimsoll watch --replay` takes.

A rule that is not named may raise no alert, unless the case says `others: true`.

Exit codes: 0 all cases end as expected, 1 one does not or a rule file does not load, 2 wrong usage,
3 a file cannot be read.")]
pub(crate) struct Test {
    /// Files of cases
    #[arg(value_name = "CASES", required = true)]
    cases: Vec<PathBuf>,

    /// Rule files, in the order of loading
    #[arg(long, short = 'r', value_name = "FILE", required = true, num_args = 1..)]
    rules: Vec<PathBuf>,

    /// Exit 1 where a rule raised no alert in any case
    #[arg(long)]
    require_coverage: bool,

    /// Tell which comparisons of each condition the events did not show both to hold and to fail
    #[arg(long)]
    coverage: bool,
}

impl Test {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        trial::run(&self.cases, &self.rules, self.require_coverage, self.coverage)
    }
}

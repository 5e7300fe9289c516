//! GitHub Actions: a workflow of its own.
//!
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax>

use super::super::detect::Detected;
use super::super::plan::{Plan, Step};
use super::{Ci, INSTALL, build};

pub(super) const CI: Ci = Ci { name: "github", is_there, plan };

fn is_there(detected: &Detected) -> bool {
    detected.marks.iter().any(|path| path.starts_with(".github/"))
        || detected.origin.as_ref().is_some_and(|(host, _)| host == "github.com")
}

fn plan(detected: &Detected, plan: &mut Plan<'_>) {
    plan.add(Step::File { path: ".github/workflows/plimsoll.yml".into(), text: text(detected) });
}

// Actions are pinned by digest, because a tag can be moved; `plimsoll update` moves the pins.
const HEAD: &str = "\
name: plimsoll
on:
  push:
  pull_request:
  schedule:
    # New weaknesses become known without a change of the sources.
    - cron: '17 5 * * *'
permissions:
  contents: read
jobs:
  gate:
    runs-on: ubuntu-latest
    permissions:
      contents: read
      security-events: write
    steps:
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2
        with:
          persist-credentials: false
";

const UPLOAD: &str = "
      - uses: github/codeql-action/upload-sarif@181d5eefc20863364f96762470ba6f862bdef56b # v3.29.2
        if: always()
        with:
          sarif_file: gate.sarif
          category: plimsoll-gate
";

const UPDATES: &str = "
  updates:
    if: github.event_name == 'schedule'
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2
        with:
          persist-credentials: false
";

fn text(detected: &Detected) -> String {
    let (build, targets) = build(detected);
    let build = build.map_or_else(String::new, |command| {
        format!("      - name: Build the image\n        run: {command}\n")
    });
    let install = format!(
        "      # Or in the way by which your machines get it.\n      - name: Install plimsoll\n        \
         run: {INSTALL}\n"
    );
    let data = "      - name: Fetch the advisories\n        run: plimsoll db update\n";
    let gate = format!(
        "      - name: Gate\n        run: plimsoll gate -o table -o sarif=gate.sarif -o \
         \"markdown=$GITHUB_STEP_SUMMARY\" {targets}"
    );
    let update = "      - name: Look for updates\n        run: plimsoll update -o \
                  \"markdown=$GITHUB_STEP_SUMMARY\" -o table\n";
    format!("{HEAD}{build}{install}{data}{gate}{UPLOAD}{UPDATES}{install}{data}{update}")
}

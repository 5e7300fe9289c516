//! pre-commit: hooks that run the plimsoll that is installed.
//!
//! <https://pre-commit.com/#repository-local-hooks>

use super::super::detect::Detected;
use super::super::plan::{Plan, Step};
use super::Ci;

pub(super) const CI: Ci = Ci { name: "pre-commit", is_there, plan };

fn is_there(detected: &Detected) -> bool {
    detected.marks.iter().any(|path| path == ".pre-commit-config.yaml")
}

// What is vulnerable is left to CI: a commit should not wait for advisories.
const REPO: &str = "  - repo: local
    hooks:
      - id: plimsoll-gate
        name: gate by plimsoll
        entry: plimsoll gate --skip findings .
        language: system
        pass_filenames: false
";

fn plan(_: &Detected, plan: &mut Plan<'_>) {
    plan.add(Step::Part {
        path: ".pre-commit-config.yaml".into(),
        text: format!("repos:\n{REPO}"),
        hint: REPO.into(),
    });
}

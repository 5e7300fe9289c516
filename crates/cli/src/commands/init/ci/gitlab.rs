//! GitLab CI/CD: a file of its own, and a line in `.gitlab-ci.yml` that includes it.
//!
//! <https://docs.gitlab.com/ci/yaml/>

use super::super::detect::Detected;
use super::super::plan::{Plan, Step};
use super::{Ci, INSTALL, build};

pub(super) const CI: Ci = Ci { name: "gitlab", is_there, plan };

const FILE: &str = ".gitlab/plimsoll.yml";
const INCLUDE: &str = "include:\n  - local: .gitlab/plimsoll.yml\n";

fn is_there(detected: &Detected) -> bool {
    detected.marks.iter().any(|path| path == ".gitlab-ci.yml")
        || detected.origin.as_ref().is_some_and(|(host, _)| host.starts_with("gitlab."))
}

fn plan(detected: &Detected, plan: &mut Plan<'_>) {
    plan.add(Step::File { path: FILE.into(), text: text(detected) });
    plan.add(Step::Part {
        path: ".gitlab-ci.yml".into(),
        text: INCLUDE.into(),
        hint: INCLUDE.into(),
    });
}

fn text(detected: &Detected) -> String {
    let (build, targets) = build(detected);
    let (services, build) = match build {
        // The image is built by a daemon of the job's own.
        Some(command) => ("  services:\n    - docker:dind\n", format!("    - {command}\n")),
        None => ("", String::new()),
    };
    format!(
        "# Runs on merge requests, on pushes and on schedules. The runner's image needs {}plimsoll, or a\n\
         # Rust toolchain that makes it.\n\
         plimsoll-gate:\n  stage: test\n{services}  before_script:\n    - command -v plimsoll || {INSTALL}\n\
         \x20   - plimsoll db update\n  script:\n{build}    - plimsoll gate -o table -o junit=gate.xml -o \
         markdown=gate.md {targets}\n  artifacts:\n    when: always\n    paths:\n      - gate.md\n    \
         reports:\n      junit: gate.xml\n\n\
         plimsoll-updates:\n  stage: test\n  rules:\n    - if: $CI_PIPELINE_SOURCE == \"schedule\"\n  \
         before_script:\n    - command -v plimsoll || {INSTALL}\n    - plimsoll db update\n  script:\n    \
         - plimsoll update -o table -o json=updates.json\n  allow_failure: true\n  artifacts:\n    when: \
         always\n    paths:\n      - updates.json\n",
        if services.is_empty() { "" } else { "docker, and " }
    )
}

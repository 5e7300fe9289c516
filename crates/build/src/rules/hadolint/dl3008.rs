//! Packages without a version in `apt-get install`.

use super::installs::{APT, report_unpinned};
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "DL3008",
    aliases: &[],
    level: Level::Warning,
    title: "Pin versions in `apt-get install`",
    why: "A package without a version is whatever the repository has on the day of the build: two builds of one file differ, and nobody can say what an old image was made of. Where pins rot too fast, pin a snapshot of the repository instead.",
    bad: "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n",
    good: "FROM debian:12\nRUN apt-get update && apt-get install -y curl=7.88.1-10\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3008",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    report_unpinned(context, findings, &APT, is_pinned, |package| {
        format!(
            "Pin versions in apt get install. Instead of `apt-get install {package}` use `apt-get install {package}=<version>`"
        )
    });
}

fn is_pinned(package: &str) -> bool {
    package.contains(['=', '/']) || package.ends_with(".deb")
}

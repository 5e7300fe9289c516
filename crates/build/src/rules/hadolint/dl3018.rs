//! Packages without a version in `apk add`.

use super::installs::{APK, report_unpinned};
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "DL3018",
    aliases: &[],
    level: Level::Warning,
    title: "Pin versions in `apk add`",
    why: "A package without a version is whatever the repository has on the day of the build: two builds of one file differ, and nobody can say what an old image was made of. Where pins rot too fast, pin a snapshot of the repository instead.",
    bad: "FROM alpine:3.20\nRUN apk add --no-cache curl\n",
    good: "FROM alpine:3.20\nRUN apk add --no-cache curl=8.9.1-r2\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3018",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    report_unpinned(context, findings, &APK, is_pinned, |package| {
        format!(
            "Pin versions in apk add. Instead of `apk add {package}` use `apk add {package}=<version>`"
        )
    });
}

fn is_pinned(package: &str) -> bool {
    package.contains(['=', '~', '<', '>']) || package.ends_with(".apk")
}

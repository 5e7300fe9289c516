//! Packages without a version in `zypper install`.

use super::installs::{ZYPPER, report_unpinned};
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "DL3037",
    aliases: &[],
    level: Level::Warning,
    title: "Pin versions in `zypper install`",
    why: "A package without a version is whatever the repository has on the day of the build: two builds of one file differ, and nobody can say what an old image was made of. Where pins rot too fast, pin a snapshot of the repository instead.",
    bad: "FROM opensuse/leap:15.6\nRUN zypper install -y httpd && zypper clean\n",
    good: "FROM opensuse/leap:15.6\nRUN zypper install -y httpd=2.4.58 && zypper clean\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3037",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    report_unpinned(context, findings, &ZYPPER, is_pinned, |package| {
        format!("Specify version with `zypper install -y {package}=<version>`")
    });
}

fn is_pinned(package: &str) -> bool {
    package.contains(['=', '<', '>']) || package.ends_with(".rpm")
}

//! Packages without a version in `yum install`.

use super::installs::{YUM, report_unpinned};
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "DL3033",
    aliases: &[],
    level: Level::Warning,
    title: "Pin versions in `yum install`",
    why: "A package without a version is whatever the repository has on the day of the build: two builds of one file differ, and nobody can say what an old image was made of. Where pins rot too fast, pin a snapshot of the repository instead.",
    bad: "FROM rockylinux:9\nRUN yum install -y httpd && yum clean all\n",
    good: "FROM rockylinux:9\nRUN yum install -y httpd-2.4.57 && yum clean all\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3033",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    report_unpinned(context, findings, &YUM, is_pinned, |package| {
        format!("Specify version with `yum install -y {package}-<version>`")
    });
}

fn is_pinned(package: &str) -> bool {
    package.ends_with(".rpm")
        || package.split('-').skip(1).any(|part| part.starts_with(|one: char| one.is_ascii_digit()))
}

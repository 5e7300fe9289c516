//! `yum install` that asks a question.

use super::installs::{YUM, report_asking};
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::script::Program;

pub(super) static RULE: Rule = Rule {
    id: "DL3030",
    aliases: &[],
    level: Level::Warning,
    title: "Use the switch that answers yes in `yum install`",
    why: "Nobody is there to answer during a build: without the flag the command ends at its question, and the build fails.",
    bad: "FROM rockylinux:9\nRUN yum install httpd-2.4.57\n",
    good: "FROM rockylinux:9\nRUN yum install -y httpd-2.4.57\n",
    mending: Mending::Safe,
    source: "https://github.com/hadolint/hadolint/wiki/DL3030",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    report_asking(
        context,
        findings,
        &YUM,
        answers,
        "Use the -y switch to avoid manual input `yum install -y <package>`",
    );
}

fn answers(program: &Program<'_>) -> bool {
    program.has_flag(&["y", "assumeyes"])
}

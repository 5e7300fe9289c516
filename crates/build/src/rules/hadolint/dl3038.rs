//! `dnf install` that asks a question.

use super::installs::{DNF, report_asking};
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::script::Program;

pub(super) static RULE: Rule = Rule {
    id: "DL3038",
    aliases: &[],
    level: Level::Warning,
    title: "Use the switch that answers yes in `dnf install`",
    why: "Nobody is there to answer during a build: without the flag the command ends at its question, and the build fails.",
    bad: "FROM fedora:42\nRUN dnf install httpd-2.4.63\n",
    good: "FROM fedora:42\nRUN dnf install -y httpd-2.4.63\n",
    mending: Mending::Safe,
    source: "https://github.com/hadolint/hadolint/wiki/DL3038",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    report_asking(
        context,
        findings,
        &DNF,
        answers,
        "Use the -y switch to avoid manual input `dnf install -y <package>`",
    );
}

fn answers(program: &Program<'_>) -> bool {
    program.has_flag(&["y", "assumeyes"])
}

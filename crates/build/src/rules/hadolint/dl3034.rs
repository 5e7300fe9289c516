//! `zypper install` that asks a question.

use super::installs::{ZYPPER, report_asking};
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::script::Program;

pub(super) static RULE: Rule = Rule {
    id: "DL3034",
    aliases: &[],
    level: Level::Warning,
    title: "Use the switch that answers yes in `zypper install`",
    why: "Nobody is there to answer during a build: without the flag the command ends at its question, and the build fails.",
    bad: "FROM opensuse/leap:15.6\nRUN zypper install httpd=2.4.58\n",
    good: "FROM opensuse/leap:15.6\nRUN zypper install -y httpd=2.4.58\n",
    mending: Mending::Safe,
    source: "https://github.com/hadolint/hadolint/wiki/DL3034",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    report_asking(
        context,
        findings,
        &ZYPPER,
        answers,
        "Non-interactive switch missing from `zypper` command: `zypper install -y`",
    );
}

fn answers(program: &Program<'_>) -> bool {
    program.has_flag(&["y", "no-confirm", "n", "non-interactive"])
}

//! `apt-get install` that asks a question.

use super::installs::{APT, report_asking};
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::script::Program;

pub(super) static RULE: Rule = Rule {
    id: "DL3014",
    aliases: &["DS-0021", "AVD-DS-0021", "DS021"],
    level: Level::Warning,
    title: "Use the switch that answers yes in `apt-get install`",
    why: "Nobody is there to answer during a build: without the flag the command ends at its question, and the build fails.",
    bad: "FROM debian:12\nRUN apt-get update && apt-get install curl=7.88.1-10\n",
    good: "FROM debian:12\nRUN apt-get update && apt-get install -y curl=7.88.1-10\n",
    mending: Mending::Safe,
    source: "https://github.com/hadolint/hadolint/wiki/DL3014",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    report_asking(
        context,
        findings,
        &APT,
        answers,
        "Use the `-y` switch to avoid manual input `apt-get -y install <package>`",
    );
}

fn answers(program: &Program<'_>) -> bool {
    let quiet = program.flags().filter(|one| matches!(&*one.text, "-q" | "--quiet")).count();
    program.has_flag(&["y", "yes", "assume-yes", "qq"])
        || program.args().iter().any(|one| one.text == "-q=2")
        || quiet > 1
}

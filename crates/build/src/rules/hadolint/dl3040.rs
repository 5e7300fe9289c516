//! The cache that `dnf` leaves in the layer.

use super::installs::{DNF, mounts, removes, report_uncleaned};
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::script::Program;

pub(super) static RULE: Rule = Rule {
    id: "DL3040",
    aliases: &["DS-0019", "AVD-DS-0019", "DS019", "DS-0027", "AVD-DS-0027", "DS027"],
    level: Level::Warning,
    title: "Clean the cache of `dnf` in the same layer",
    why: "What a layer holds, a later layer cannot take away: the cache of the package manager stays in the image for ever unless the same RUN removes it.",
    bad: "FROM fedora:42\nRUN dnf install -y httpd-2.4.63\n",
    good: "FROM fedora:42\nRUN dnf install -y httpd-2.4.63 && dnf clean all\n",
    mending: Mending::Safe,
    source: "https://github.com/hadolint/hadolint/wiki/DL3040",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    report_uncleaned(
        context,
        findings,
        fills,
        cleans,
        cleaning,
        "`dnf clean all` missing after dnf command.",
        |commands| !mounts(context, commands, &["/var/cache/libdnf5", "/var/cache/dnf"]),
    );
}

fn fills(program: &Program<'_>) -> bool {
    DNF.is(program)
        && program.args().iter().any(|one| {
            DNF.install.contains(&&*one.text) || matches!(&*one.text, "upgrade" | "up" | "update")
        })
}

fn cleans(program: &Program<'_>) -> bool {
    DNF.is(program) && program.args().iter().any(|one| one.text == "clean")
        || removes(program, &["/var/cache/dnf", "/var/cache/libdnf5", "/var/cache/yum"])
}

fn cleaning(program: &Program<'_>) -> String {
    format!("{} clean all", program.name())
}

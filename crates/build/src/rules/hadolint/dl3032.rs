//! The cache that `yum` leaves in the layer.

use super::installs::{YUM, mounts, removes, report_uncleaned};
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::script::Program;

pub(super) static RULE: Rule = Rule {
    id: "DL3032",
    aliases: &["DS-0015", "AVD-DS-0015", "DS015"],
    level: Level::Warning,
    title: "Clean the cache of `yum` in the same layer",
    why: "What a layer holds, a later layer cannot take away: the cache of the package manager stays in the image for ever unless the same RUN removes it.",
    bad: "FROM rockylinux:9\nRUN yum install -y httpd-2.4.57\n",
    good: "FROM rockylinux:9\nRUN yum install -y httpd-2.4.57 && yum clean all\n",
    mending: Mending::Safe,
    source: "https://github.com/hadolint/hadolint/wiki/DL3032",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    report_uncleaned(
        context,
        findings,
        fills,
        cleans,
        cleaning,
        "`yum clean all` missing after yum command.",
        |commands| !mounts(context, commands, &["/var/cache/yum"]),
    );
}

fn fills(program: &Program<'_>) -> bool {
    YUM.is(program) && program.args().iter().any(|one| YUM.install.contains(&&*one.text))
}

fn cleans(program: &Program<'_>) -> bool {
    YUM.is(program) && program.args().iter().any(|one| one.text == "clean")
        || removes(program, &["/var/cache/yum"])
}

fn cleaning(program: &Program<'_>) -> String {
    format!("{} clean all", program.name())
}

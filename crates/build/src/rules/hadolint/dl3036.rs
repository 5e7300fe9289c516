//! The cache that `zypper` leaves in the layer.

use super::installs::{ZYPPER, mounts, removes, report_uncleaned};
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::script::Program;

pub(super) static RULE: Rule = Rule {
    id: "DL3036",
    aliases: &["DS-0020", "AVD-DS-0020", "DS020"],
    level: Level::Warning,
    title: "Clean the cache of `zypper` in the same layer",
    why: "What a layer holds, a later layer cannot take away: the cache of the package manager stays in the image for ever unless the same RUN removes it.",
    bad: "FROM opensuse/leap:15.6\nRUN zypper install -y httpd=2.4.58\n",
    good: "FROM opensuse/leap:15.6\nRUN zypper install -y httpd=2.4.58 && zypper clean\n",
    mending: Mending::Safe,
    source: "https://github.com/hadolint/hadolint/wiki/DL3036",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    report_uncleaned(
        context,
        findings,
        fills,
        cleans,
        cleaning,
        "`zypper clean` missing after zypper use.",
        |commands| !mounts(context, commands, &["/var/cache/zypp"]),
    );
}

fn fills(program: &Program<'_>) -> bool {
    ZYPPER.is(program) && program.args().iter().any(|one| ZYPPER.install.contains(&&*one.text))
}

fn cleans(program: &Program<'_>) -> bool {
    ZYPPER.is(program) && program.args().iter().any(|one| matches!(&*one.text, "clean" | "cc"))
        || removes(program, &["/var/cache/zypp"])
}

fn cleaning(program: &Program<'_>) -> String {
    format!("{} clean", program.name())
}

//! `zypper dist-upgrade`.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "DL3035",
    aliases: &[],
    level: Level::Warning,
    title: "Do not use `zypper dist-upgrade`",
    why: "An image is upgraded by its base: build from a newer one. A distribution upgrade in a layer doubles what it replaces.",
    bad: "FROM opensuse/leap:15.6\nRUN zypper dist-upgrade -y\n",
    good: "FROM opensuse/leap:15.6\nRUN zypper install -y httpd=2.4.58 && zypper clean\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3035",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for commands in context.runs() {
        for program in commands.invocations {
            let upgrade = program.name() == "zypper"
                && program.args().iter().any(|one| matches!(&*one.text, "dist-upgrade" | "dup"));
            if upgrade {
                let place = commands.text.source_span(program.command().span);
                findings.report(commands.text.line, place, "Do not use `zypper dist-upgrade`.");
            }
        }
    }
}

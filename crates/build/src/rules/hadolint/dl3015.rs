//! `apt-get install` with what a package only recommends.

use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "DL3015",
    aliases: &["DS-0029", "AVD-DS-0029", "DS029", "CIS-4.3", "CIS-DI-0003"],
    level: Level::Info,
    title: "Install with `--no-install-recommends`",
    why: "A recommended package is one that most people want on a desktop; in an image it is \
          weight, and more that can be vulnerable.",
    bad: "FROM debian:12\nRUN apt-get update && apt-get install -y curl=7.88.1-10\n",
    good: "FROM debian:12\nRUN apt-get update && apt-get install -y --no-install-recommends \
           curl=7.88.1-10\n",
    mending: Mending::Unsafe,
    source: "https://github.com/hadolint/hadolint/wiki/DL3015",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for commands in context.runs() {
        for invocation in commands.invocations {
            let installs = invocation.name() == "apt-get"
                && invocation.args().iter().any(|argument| argument.text == "install");
            if !installs
                || invocation.has_flag(&["no-install-recommends"])
                || invocation
                    .args()
                    .iter()
                    .any(|one| one.text.eq_ignore_ascii_case("APT::Install-Recommends=false"))
            {
                continue;
            }
            let Some(install) = invocation.args().iter().find(|one| one.text == "install") else {
                continue;
            };
            let place = commands.text.source_span(install.span);
            findings
                .report(
                    commands.text.line,
                    place,
                    "Avoid additional packages by specifying `--no-install-recommends`",
                )
                .unsafe_fix(
                    "add --no-install-recommends",
                    vec![Edit::insert(place.end, " --no-install-recommends")],
                );
        }
    }
}

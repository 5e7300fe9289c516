//! All packages of the base replaced in the build.

use super::package_managers::{Action, action, is_rpm};
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "PL1234",
    aliases: &["DS-0024", "AVD-DS-0024", "DS024", "DKL-DI-0003"],
    level: Level::Info,
    title: "Take a newer base image instead of upgrading all of its packages",
    why: "A full upgrade stores every replaced file twice, differs from day to day, and its layer \
          is taken from the cache for ever, so that it soon stops to bring fixes. `dist-upgrade` \
          may also remove what the base came with. A base that is built anew has the fixes in it.",
    bad: "FROM debian:12\nRUN apt-get update && apt-get dist-upgrade -y\n",
    good: "FROM debian:12.11\n",
    mending: Mending::None,
    source: "https://docs.docker.com/build/building/best-practices/#apt-get",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for commands in context.runs() {
        let inner = || commands.invocations.iter().map(|program| program.through_wrappers());
        // An update alone is another rule's.
        let installs = inner().any(|program| action(&program) == Some(Action::Use));
        for program in inner() {
            let found = match action(&program) {
                Some(Action::DistUpgrade) => true,
                Some(Action::Upgrade) => {
                    let some = program.has_flag(&["security", "advisory", "bugfix"]);
                    is_rpm(&program) && installs && !some
                }
                _ => false,
            };
            if found {
                let place = commands.text.source_span(program.command().span);
                let message = "this replaces packages of the base: a newer base has them already";
                findings.report(commands.text.line, place, message);
            }
        }
    }
}

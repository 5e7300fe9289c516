//! `apt` is for people.

use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "DL3027",
    aliases: &[],
    level: Level::Warning,
    title: "Use `apt-get` or `apt-cache` instead of `apt`",
    why: "`apt` is made for people at a terminal: what it prints and takes may change from release to release, and it warns of that itself.",
    bad: "FROM debian:12\nRUN apt install -y curl=7.88.1-10\n",
    good: "FROM debian:12\nRUN apt-get install -y curl=7.88.1-10\n",
    mending: Mending::Safe,
    source: "https://github.com/hadolint/hadolint/wiki/DL3027",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for commands in context.runs() {
        for program in commands.invocations {
            if program.name() != "apt" {
                continue;
            }
            let place = commands.text.source_span(program.name_span());
            let message = "Do not use apt as it is meant to be an end-user tool, use apt-get or \
                           apt-cache instead";
            let reported = findings.report(commands.text.line, place, message);
            let same = ["install", "update", "upgrade", "remove", "purge", "autoremove", "clean"];
            if program.subcommand().is_some_and(|name| same.contains(&name)) {
                reported.safe_fix("call apt-get", vec![Edit::insert(place.end, "-get")]);
            }
        }
    }
}

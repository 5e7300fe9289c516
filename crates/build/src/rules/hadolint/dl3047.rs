//! The progress bar of wget.

use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "DL3047",
    aliases: &[],
    level: Level::Info,
    title: "Give wget a short progress display",
    why: "A progress bar writes a line for every step into the log of the build.",
    bad: "FROM debian:12\nRUN wget https://example.com/big.tar.xz\n",
    good: "FROM debian:12\nRUN wget --progress=dot:giga https://example.com/big.tar.xz\n",
    mending: Mending::Safe,
    source: "https://github.com/hadolint/hadolint/wiki/DL3047",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for commands in context.runs() {
        for program in commands.invocations {
            let quiet = [
                "q",
                "quiet",
                "nv",
                "no-verbose",
                "o",
                "output-file",
                "a",
                "append-output",
                "progress",
            ];
            if program.name() != "wget" || program.has_flag(&quiet) {
                continue;
            }
            let place = commands.text.source_span(program.name_span());
            let message = "Avoid use of wget without progress bar. Use `wget \
                           --progress=dot:giga <url>`. Or consider using `-q` or `-nv` \
                           (shorthands for `--quiet` or `--no-verbose`).";
            findings.report(commands.text.line, place, message).safe_fix(
                "add --progress=dot:giga",
                vec![Edit::insert(place.end, " --progress=dot:giga")],
            );
        }
    }
}

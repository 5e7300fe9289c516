//! `sudo` in a RUN.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "DL3004",
    aliases: &["DS-0010", "AVD-DS-0010", "DS010", "DKL-DI-0001"],
    level: Level::Error,
    title: "Do not use sudo",
    why: "A build runs as root unless USER says otherwise, so sudo adds nothing but a terminal and signals that behave oddly. To give up root, use USER or gosu.",
    bad: "FROM debian:12\nRUN sudo apt-get update\n",
    good: "FROM debian:12\nRUN apt-get update\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3004",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for commands in context.runs() {
        for program in commands.invocations {
            if program.name() == "sudo" {
                let place = commands.text.source_span(program.name_span());
                let message = "Do not use sudo as it leads to unpredictable behavior. Use a tool \
                               like gosu to enforce root";
                findings.report(commands.text.line, place, message);
            }
        }
    }
}

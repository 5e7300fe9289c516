//! Programs that have no sense in a build.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "DL3001",
    aliases: &[],
    level: Level::Info,
    title: "Do not run interactive or system programs in a build",
    why: "A build has no init system, no terminal and no devices of its own: what these programs would do is undone or impossible.",
    bad: "FROM debian:12\nRUN service nginx start\n",
    good: "FROM debian:12\nCMD [\"nginx\", \"-g\", \"daemon off;\"]\n",
    mending: Mending::None,
    source: "https://github.com/hadolint/hadolint/wiki/DL3001",
    check,
};

const ODD: [&str; 10] =
    ["free", "kill", "mount", "ps", "service", "shutdown", "ssh", "top", "vim", "ifconfig"];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for commands in context.runs() {
        for program in commands.invocations {
            if ODD.contains(&program.name()) {
                let place = commands.text.source_span(program.name_span());
                let message = "For some bash commands it makes no sense running them in a Docker \
                               container like `ssh`, `vim`, `shutdown`, `service`, `ps`, `free`, \
                               `top`, `kill`, `mount`, `ifconfig`";
                findings.report(commands.text.line, place, message);
            }
        }
    }
}

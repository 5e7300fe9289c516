//! Services started in a build.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "PL1237",
    aliases: &[],
    level: Level::Warning,
    title: "Start services with CMD and not with RUN",
    why: "All processes of a RUN end with it: the image holds files and no running programs, and a \
          build has no systemd. A service that the rest of the same RUN works with is not meant.",
    bad: "FROM debian:12\nRUN systemctl start nginx\n",
    good: "FROM debian:12\nCMD [\"nginx\", \"-g\", \"daemon off;\"]\n",
    mending: Mending::None,
    source: "https://docs.docker.com/reference/dockerfile/#cmd",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for commands in context.runs() {
        let Some(last) = commands.invocations.last() else { continue };
        for program in commands.invocations {
            let inner = program.through_wrappers();
            let words: Vec<&str> = inner.operands().iter().map(|one| &*one.text).collect();
            let script = inner.name().starts_with("/etc/init.d/");
            let starts = match (inner.program(), words.as_slice()) {
                ("systemctl", ["start" | "restart" | "reload", ..]) => true,
                ("systemctl", ["enable", ..]) => inner.has_flag(&["now"]),
                ("rc-service", [_, "start" | "restart"]) => is_last(program, last),
                (_, ["start" | "restart"]) if script => is_last(program, last),
                _ => false,
            };
            if starts {
                let place = commands.text.source_span(inner.command().span);
                findings.report(
                    commands.text.line,
                    place,
                    "what is started here ends with this RUN",
                );
            }
        }
    }
}

fn is_last(program: &crate::script::Program<'_>, last: &crate::script::Program<'_>) -> bool {
    program.command().span == last.command().span
}

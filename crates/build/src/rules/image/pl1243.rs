//! Builds with the rights of the host.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "PL1243",
    aliases: &[],
    level: Level::Warning,
    title: "Run no command of a build with the rights or the network of the host",
    why: "`--security=insecure` is `docker run --privileged`: the command can do to the builder what \
          root can. `--network=host` shows it all that listens on the builder, and on cloud machines \
          the address that gives out credentials.",
    bad: "# syntax=docker/dockerfile:1\nFROM debian:12\nRUN --security=insecure make test\n",
    good: "# syntax=docker/dockerfile:1\nFROM debian:12\nRUN make test\n",
    mending: Mending::None,
    source: "https://docs.docker.com/reference/dockerfile/#run---security",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for step in context.steps_of(Keyword::Run) {
        for flag in &step.instruction.flags {
            let what = match (flag.name(), flag.value()) {
                ("security", Some("insecure")) => "this command has all rights on the builder",
                ("network", Some("host")) => "this command is in the network of the builder",
                _ => continue,
            };
            findings.report(step.line, flag.span, what);
        }
    }
}

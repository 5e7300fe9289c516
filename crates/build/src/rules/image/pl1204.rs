//! `HEALTHCHECK` by the defaults.

use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::{Arguments, Keyword};

pub(super) static RULE: Rule = Rule {
    id: "PL1204",
    aliases: &[],
    level: Level::Style,
    title: "Say how often HEALTHCHECK asks, and how long it waits",
    why: "Both are 30 seconds unless said otherwise: three answers that do not come take minutes to \
          be noticed, and a check that hangs may last as long as the time to the next one.",
    bad: "FROM alpine:3.20\nHEALTHCHECK CMD [\"/bin/check\"]\n",
    good: "FROM alpine:3.20\nHEALTHCHECK --interval=30s --timeout=3s CMD [\"/bin/check\"]\n",
    mending: Mending::Unsafe,
    source: "https://docs.docker.com/reference/dockerfile/#healthcheck",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for step in context.steps_of(Keyword::Healthcheck).filter(|step| !step.onbuild) {
        let instruction = step.instruction;
        let Arguments::Health(kind, _) = &instruction.arguments else { continue };
        let wanted = [("interval", "--interval=30s"), ("timeout", "--timeout=3s")];
        let missing: Vec<_> =
            wanted.iter().filter(|(name, _)| instruction.flag(name).is_none()).collect();
        if missing.is_empty() || !kind.text.eq_ignore_ascii_case("CMD") {
            continue;
        }
        let names: Vec<String> = missing.iter().map(|(name, _)| format!("--{name}")).collect();
        let message = format!("HEALTHCHECK has no {}: it is 30s", names.join(" and no "));
        let mut flags = String::new();
        for (_, flag) in missing {
            flags.push(' ');
            flags.push_str(flag);
        }
        findings.report(step.line, instruction.name.span, message).unsafe_fix(
            "ask every 30 seconds and wait for 3",
            vec![Edit::insert(instruction.name.span.end, flags)],
        );
    }
}

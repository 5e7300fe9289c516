//! `$(< file)` in a shell that does not know it.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::{AndOr, Command, Part, RedirectOperator};

pub(super) static RULE: Rule = Rule {
    id: "SC3034",
    aliases: &[],
    level: Level::Warning,
    title: "Write `$(cat file)`",
    why: "In the `sh` of Debian and Ubuntu `$(< file)` is empty.",
    bad: "FROM debian:12\nRUN echo \"$(< /etc/hostname)\"\n",
    good: "FROM debian:12\nRUN echo \"$(cat /etc/hostname)\"; true\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC3034",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.plain_shells() {
        for (_, part) in tree.parts() {
            let Part::CommandSubstitution { span, script, .. } = part else { continue };
            let [AndOr { first, rest, .. }] = script.items.as_slice() else { continue };
            let [Command::Simple(command)] = first.commands.as_slice() else { continue };
            let only_reads = rest.is_empty()
                && command.words.is_empty()
                && command.assignments.is_empty()
                && command.redirects.iter().any(|one| one.operator == RedirectOperator::Read);
            if only_reads {
                findings.report(
                    tree.text.line,
                    tree.place(*span),
                    "In POSIX sh, $(<file) to read files is undefined",
                );
            }
        }
    }
}

//! `CMD` that a shell-form `ENTRYPOINT` passes over.

use super::lineage;
use crate::context::{Context, Step};
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::{Arguments, Keyword};

pub(super) static RULE: Rule = Rule {
    id: "PL1235",
    aliases: &[],
    level: Level::Warning,
    title: "Write ENTRYPOINT as a JSON array where CMD gives its arguments",
    why: "In shell form ENTRYPOINT is run by `/bin/sh -c`, which passes what CMD and the command \
          line say to nobody, and signals do not reach the program.",
    bad: "FROM debian:12\nENTRYPOINT /usr/bin/server\nCMD [\"--port\", \"80\"]\n",
    good: "FROM debian:12\nENTRYPOINT [\"/usr/bin/server\"]\nCMD [\"--port\", \"80\"]\n",
    mending: Mending::None,
    source: "https://docs.docker.com/reference/dockerfile/#shell-form-entrypoint-example",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let mut last: Vec<[Option<Step<'_>>; 2]> = vec![[None; 2]; context.stages.len()];
    for step in context.steps().filter(|step| !step.onbuild) {
        let slots = step.stage.and_then(|stage| last.get_mut(stage));
        let Some([entry, cmd]) = slots else { continue };
        match step.instruction.keyword {
            Keyword::Entrypoint => *entry = Some(step),
            Keyword::Cmd => *cmd = Some(step),
            _ => {}
        }
    }
    for slots in last {
        let [Some(entry), Some(cmd)] = slots else { continue };
        let Arguments::Text(text) = &entry.instruction.arguments else { continue };
        let Some(commands) = lineage::commands(context, entry) else { continue };
        // A script that reads its arguments is given them behind `-c`; a SHELL may do so too.
        let reads = ["$@", "$*", "$0", "$1", "${@", "${*", "${0", "${1"];
        let empty = matches!(&cmd.instruction.arguments, Arguments::None)
            || matches!(&cmd.instruction.arguments, Arguments::Exec(words) if words.is_empty());
        if empty
            || text.text.is_empty()
            || reads.iter().any(|one| commands.text.text.text().contains(one))
            || !commands.text.script.dialect.is_posix_family()
        {
            continue;
        }
        let message = "the ENTRYPOINT in shell form passes this CMD over";
        findings
            .report(cmd.line, cmd.instruction.span, message)
            .related(entry.instruction.span, "the ENTRYPOINT");
    }
}

//! Programs that run as their owner, whoever starts them.

use super::modes::Mode;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "PL1218",
    aliases: &["CIS-4.8", "CIS-DI-0008"],
    level: Level::Warning,
    title: "Give no file the setuid bit",
    why: "A program with the bit runs as its owner, most often root, whoever starts it: a mistake \
          in it gives root to a process that USER had taken it from.",
    bad: "FROM alpine:3.20\nCOPY tool /usr/local/bin/\nRUN chmod 4755 /usr/local/bin/tool\n",
    good: "FROM alpine:3.20\nCOPY tool /usr/local/bin/\nRUN chmod 0755 /usr/local/bin/tool\n",
    mending: Mending::None,
    source: "https://www.cisecurity.org/benchmark/docker",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for commands in context.runs() {
        for program in commands.invocations {
            let inner = program.through_wrappers();
            if inner.program() != "chmod" {
                continue;
            }
            let operands = inner.operands();
            let Some((mode, paths)) = operands.split_first() else { continue };
            let bits = Mode::parse(&mode.text);
            // On a folder setgid only hands the group on to new files.
            let program = paths.iter().any(|path| path.text.contains("bin/"));
            let bit = match bits {
                Mode { setuid: true, .. } => "setuid",
                Mode { setgid: true, .. } if program => "setgid",
                _ => continue,
            };
            let place = commands.text.source_span(mode.span);
            findings.report(commands.text.line, place, format!("this sets the {bit} bit"));
        }
    }
    for keyword in [Keyword::Copy, Keyword::Add] {
        for step in context.steps_of(keyword) {
            let Some(flag) = step.instruction.flag("chmod") else { continue };
            if Mode::parse(flag.value().unwrap_or_default()).setuid {
                findings.report(step.line, flag.span, "this sets the setuid bit");
            }
        }
    }
}

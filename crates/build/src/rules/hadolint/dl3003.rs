//! `cd` in a RUN.

use crate::Span;
use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::script::Form;
use crate::shell::AndOrOp;

pub(super) static RULE: Rule = Rule {
    id: "DL3003",
    aliases: &["DS-0013", "AVD-DS-0013", "DS013"],
    level: Level::Warning,
    title: "Use WORKDIR to switch to a directory",
    why: "A `cd` holds until the end of its RUN only; who reads the next instruction has to remember that. WORKDIR says it once, and makes the folder.",
    bad: "FROM alpine:3.20\nRUN cd /usr/src/app && make\n",
    good: "FROM alpine:3.20\nWORKDIR /usr/src/app\nRUN make\n",
    mending: Mending::Unsafe,
    source: "https://github.com/hadolint/hadolint/wiki/DL3003",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for commands in context.runs() {
        for program in commands.invocations {
            if program.name() != "cd" {
                continue;
            }
            let place = commands.text.source_span(program.command().span);
            let reported =
                findings.report(commands.text.line, place, "Use WORKDIR to switch to a directory");
            let instruction = context.instruction_of(commands.text);
            let (Some(instruction), [folder]) = (instruction, program.args()) else { continue };
            let whole = &program.place.and_or;
            let first = program.place.is_top_level()
                && program.place.is_alone()
                && program.place.top == 0
                && program.place.pipeline_index == 0;
            let next = whole.rest.first().filter(|one| one.0 == AndOrOp::And);
            let known = folder.text.starts_with('/') && !folder.text.contains(['$', '*', ' ', '`']);
            let (Some((_, _, next)), true, true) = (next, first, known) else { continue };
            if commands.text.form != Form::Shell || commands.text.onbuild {
                continue;
            }
            let next = commands.text.source_span(next.span);
            let text = format!("WORKDIR {}\n", folder.text);
            reported.unsafe_fix(
                "say it with WORKDIR",
                vec![
                    Edit::insert(instruction.span.start, text),
                    Edit::remove(Span::new(place.start, next.start)),
                ],
            );
        }
    }
}

//! RUN after RUN.

use crate::Span;
use crate::context::Commands;
use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::script::Form;

pub(super) static RULE: Rule = Rule {
    id: "DL3059",
    aliases: &[],
    level: Level::Info,
    title: "Join RUN instructions that follow each other",
    why: "Every RUN is a layer. What one writes and the next removes stays in the image; one RUN has one layer.",
    bad: "FROM debian:12\nRUN make\nRUN make install\n",
    good: "FROM debian:12\nRUN make && make install\n",
    mending: Mending::Safe,
    source: "https://github.com/hadolint/hadolint/wiki/DL3059",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let mut before: Option<Commands<'_>> = None;
    for commands in context.all_commands() {
        if commands.text.keyword != crate::syntax::Keyword::Run {
            continue;
        }
        let last = before.replace(commands);
        let Some(last) = last.filter(|last| follows(context, *last, commands)) else { continue };
        let Some(instruction) = context.instruction_of(commands.text) else {
            continue;
        };
        let place = instruction.name.span;
        let message = "Multiple consecutive `RUN` instructions. Consider consolidation.";
        let reported = findings.report(commands.text.line, place, message);
        let joinable = |one: Commands<'_>| {
            one.text.form == Form::Shell
                && one.text.script.comments.is_empty()
                && one.text.script.errors.is_empty()
                && one.text.script.list.items.len() == 1
                && one.text.script.list.items.iter().all(|item| {
                    item.terminator == crate::shell::Terminator::None
                        && item
                            .rest
                            .iter()
                            .all(|(operator, _, _)| *operator == crate::shell::AndOrOp::And)
                })
                && !one.text.text.text().contains("<<")
        };
        let Some(first) = context.instruction_of(last.text) else { continue };
        let between = Span::new(first.span.end, instruction.arguments_span.start);
        let kept = context
            .file
            .source
            .slice(Span::new(first.span.end, instruction.span.start))
            .lines()
            .filter(|line| !line.trim().is_empty())
            .fold(String::new(), |all, line| all + line + "\n");
        let comments = context.file.comments.get(instruction.comments.clone());
        // What an ignore comment holds for would be another instruction.
        let judged = comments
            .unwrap_or_default()
            .iter()
            .any(|one| one.text.starts_with("hadolint ") || one.text.starts_with("plimsoll "));
        if !judged
            && instruction.flags.is_empty()
            && joinable(last)
            && joinable(commands)
            && !changes_folder(last)
        {
            let escape = context.file.escape;
            reported.safe_fix(
                "join it to the RUN before",
                vec![Edit::replace(between, format!(" {escape}\n{kept}    && "))],
            );
        }
    }
}

/// What a shell keeps to its end would reach into the commands of the next one.
fn changes_folder(commands: Commands<'_>) -> bool {
    let odd = ["cd", "set", "export", "exit", "exec", "umask", "source", ".", "unset", "trap"];
    commands.invocations.iter().any(|program| odd.contains(&program.name()))
        || commands.text.script.simple_commands().iter().any(|one| one.command.words.is_empty())
}

/// Whether both are of one stage and nothing but comments stands between, with equal flags and
/// one command each, as hadolint counts.
fn follows(context: &Context<'_>, last: Commands<'_>, next: Commands<'_>) -> bool {
    let flags =
        |one: Commands<'_>| context.instruction_of(one.text).map(|instruction| &instruction.flags);
    let same_flags = match (flags(last), flags(next)) {
        (Some(one), Some(other)) => {
            one.iter().map(|flag| &flag.text).eq(other.iter().map(|flag| &flag.text))
        }
        _ => false,
    };
    last.text.instruction.saturating_add(1) == next.text.instruction
        && last.text.onbuild == next.text.onbuild
        && same_flags
        && last.invocations.len() <= 1
        && next.invocations.len() <= 1
}

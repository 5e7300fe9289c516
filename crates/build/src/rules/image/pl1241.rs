//! `RUN` that changes nothing but its own shell.

use crate::Span;
use crate::context::{Commands, Context};
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::script::Form;
use crate::shell::Invocation;

pub(super) static RULE: Rule = Rule {
    id: "PL1241",
    aliases: &[],
    level: Level::Warning,
    title: "Set variables with ENV, folders with WORKDIR and users with USER",
    why: "Each RUN is a shell of its own: the folder, the variables and the user that it changes are \
          gone when it ends. A RUN of nothing else has no effect.",
    bad: "FROM debian:12\nRUN export LANG=C.UTF-8\n",
    good: "FROM debian:12\nENV LANG=C.UTF-8\n",
    mending: Mending::Unsafe,
    source: "https://docs.docker.com/build/building/best-practices/#env",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for commands in context.runs() {
        let text = commands.text;
        let all = text.script.simple_commands();
        // What was not understood, and redirects, may have an effect.
        let readable = text.form != Form::Exec
            && text.script.errors.is_empty()
            && !all.is_empty()
            && all.len() == commands.invocations.len()
            && all.iter().all(|one| one.place.is_top_level() && one.command.redirects.is_empty());
        if !readable || !commands.invocations.iter().all(|one| is_of_shell(one)) {
            continue;
        }
        let Some(first) = commands.invocations.first() else { continue };
        let harmless =
            commands.invocations.iter().all(|one| matches!(one.name(), "set" | ":" | "true"));
        if harmless {
            continue;
        }
        let place = text.source_span(first.command().span);
        let message =
            format!("this has no effect: what `{}` changes ends with this RUN", first.name());
        let reported = findings.report(text.line, place, message);
        if let Some(edits) = instead(context, commands, first) {
            reported.unsafe_fix("write it as an instruction", edits);
        }
    }
}

/// Whether a command changes nothing but the shell that runs it.
fn is_of_shell(program: &Invocation<'_>) -> bool {
    match program.name() {
        "cd" | "export" | "alias" | "unalias" | "unset" | "umask" | "ulimit" | "set" | ":"
        | "true" => {
            // A substitution may do something.
            program.args().iter().all(|one| !one.text.contains("$(") && !one.text.contains('`'))
        }
        "source" | "." => program.args().len() == 1,
        "su" => {
            !program.has_flag(&["c", "command"])
                && !program.args().iter().any(|one| one.text == "-c")
        }
        _ => false,
    }
}

/// The instruction that does what was meant.
fn instead(
    context: &Context<'_>,
    commands: Commands<'_>,
    program: &Invocation<'_>,
) -> Option<Vec<Edit>> {
    let instruction = context.instruction_of(commands.text)?;
    let [argument] = program.args() else { return None };
    let alone = commands.invocations.len() == 1
        && !commands.text.onbuild
        && commands.text.form == Form::Shell
        && instruction.lines.0 == instruction.lines.1
        && instruction.flags.is_empty();
    let text = match program.name() {
        "cd" if !argument.text.contains(['~', '$', ' ', '*']) => {
            format!("WORKDIR {}", argument.text)
        }
        "export" => {
            let (name, value) = argument.text.split_once('=')?;
            let plain = |one: char| one.is_ascii_alphanumeric() || "/._-:+,@%=".contains(one);
            let named = name.chars().all(|one| one.is_ascii_alphanumeric() || one == '_');
            if !named || !value.chars().all(plain) {
                return None;
            }
            format!("ENV {name}={value}")
        }
        _ => return None,
    };
    let span = Span::new(instruction.span.start, instruction.span.end);
    alone.then(|| vec![Edit::replace(span, text)])
}

//! `curl … | sh`.

use super::downloads::{around, begins_with_output, behind, downloads, runs_input};
use crate::context::{Commands, Context};
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::script::Program;
use crate::shell::Substitution;

pub(super) static RULE: Rule = Rule {
    id: "PL1214",
    aliases: &["CIS-4.11", "CIS-DI-0011"],
    level: Level::Warning,
    title: "Do not run a script straight from the network",
    why: "Whoever holds the server, or gets into it, runs what he likes in the build, today or at \
          the next one, and nobody sees what it was. Fetch a file of a fixed version, compare its \
          checksum, and run that.",
    bad: "FROM debian:12\nRUN curl -fsSL https://example.com/install.sh | sh\n",
    good: "FROM debian:12\nADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d https://example.com/install.sh /tmp/\nRUN sh /tmp/install.sh\n",
    mending: Mending::None,
    source: "https://www.cisecurity.org/benchmark/docker",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for commands in context.runs() {
        for download in downloads(commands) {
            let runner = behind(commands, download.program)
                .find(|next| runs_input(&next.through_wrappers()))
                .or_else(|| runner_around(commands, download.program));
            let Some(runner) = runner.filter(|_| download.file.is_none()) else { continue };
            let place = commands.text.source_span(download.program.command().span);
            let message = format!(
                "{} runs what the network gives: nothing says what it must be",
                runner.through_wrappers().program()
            );
            let other = commands.text.source_span(runner.through_wrappers().name_span());
            findings.report(commands.text.line, place, message).related(other, "it is run here");
        }
    }
}

/// What runs the output of the program: `sh -c "$(…)"`, `bash <(…)`, `eval "$(…)"`.
fn runner_around<'c>(commands: Commands<'c>, program: &Program<'_>) -> Option<&'c Program<'c>> {
    let kind = program.place.substitution?;
    let outer = around(commands, program)?;
    let inner = outer.through_wrappers();
    let shell = matches!(inner.program(), "sh" | "bash" | "dash" | "ash" | "zsh" | "ksh");
    let script = match (inner.program(), kind) {
        ("eval", Substitution::Command) | ("." | "source", Substitution::Process) => {
            inner.args().first()
        }
        _ if shell && kind == Substitution::Command => inner.shell_script(),
        _ if shell => inner.operands().first().copied(),
        _ => None,
    }?;
    let whole = script.word.span.contains(program.command().span);
    let first = kind == Substitution::Process || begins_with_output(script.word);
    Some(outer).filter(|_| whole && first && program.place.is_alone())
}
